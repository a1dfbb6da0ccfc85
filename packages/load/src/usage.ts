/** What `vigie load --help` prints, and what it says when there is nothing to run. */

export const USAGE = `Usage: vigie load [flags] script.js     (vigie run is the same; - reads the script from stdin)

Runs a k6 script. Results go to the terminal, and at once into a running Vigie when there is one.
Every flag of k6 run is known; most have their K6_* variable, as -u has K6_VUS.

What to run
  -u, --vus N                        virtual users
  -d, --duration 30s                 how long
  -i, --iterations N                 how many iterations, shared among the VUs
  -s, --stage 30s:10                 ramp to 10 VUs in 30 s; may be repeated
      --execution-segment 0:1/4      run this part of the test only; auto in a Kubernetes Indexed Job
      --execution-segment-sequence 0,1/4,1/2,3/4,1
      --run-id ID                    shared by all generators of one run: they begin together and
                                     have one verdict
      --emit kubernetes              print an Indexed Job instead (--parallelism 4, --image NAME)
  -e, --env NAME=value               into __ENV; may be repeated
      --include-system-env-vars      the environment in __ENV, too (true)
  -c, --config FILE                  options as JSON, below those of the script
      --npm                          bare imports are npm packages, from node_modules beside the script
                                     (VIGIE_NPM=1)
      --no-setup, --no-teardown
      --min-iteration-duration 1s
      --rps N                        most requests per second of all VUs together
  -l, --linger                       stay after the run until Ctrl+C

Requests
      --batch N, --batch-per-host N  requests at once in http.batch (20, 6)
      --max-redirects N              redirects that are followed (10)
      --user-agent TEXT
      --insecure-skip-tls-verify     any certificate will do
      --no-connection-reuse, --no-vu-connection-reuse
      --discard-response-bodies
      --dns ttl=5m,select=random,policy=preferIPv4
      --blacklist-ip RANGE           addresses that must not be called, as 10.0.0.0/8
      --block-hostnames PATTERN      names that must not be called, as *.example.com
      --local-ips RANGES             addresses that VUs call from
      --http-debug[=full]            log requests and responses, with bodies
  -w, --throw                        failed requests throw

Results
      --tag name=value               on every sample; may be repeated
      --system-tags a,b              tags that samples get by themselves
      --no-thresholds
      --summary-mode MODE            compact, full or disabled
      --summary-trend-stats LIST     avg,min,med,max,p(90),p(95); also count and p(N)
      --summary-time-unit UNIT       s, ms or us
      --summary-export FILE          the summary as JSON; --new-machine-readable-summary for k6's newer shape
  -o, --out TYPE[=WHERE]             every sample; may be repeated: json=file[.gz], csv=file[.gz], - for
                                     stdout, experimental-prometheus-rw (see K6_PROMETHEUS_RW_*)
      --report FILE                  an HTML report in one file, with charts
      --console-output FILE          where console.log and friends write
      --log-output TO                stderr, stdout, none or file=path[,level=warn]
      --log-format FORMAT            text, json or raw
      --json                         nothing but the result, as JSON
  -q, --quiet                        no progress
  -v, --verbose                      debug messages
      --no-color

Vigie's own
      --vigie URL                    the Vigie to report to, and to ask for promql(…) thresholds
      --find-limit                   how much can it take? Raises the load until thresholds fail, bisects,
                                     soaks, and says what gave first. Exit code 0 when a limit was found
                                     (or none up to --max), 99 when even the first load fails
      --find-limit-by UNIT           vus or rate (iterations per second); otherwise as the script counts
      --hold 30s                     how long a load is held; otherwise 30 s, 3 scrapes and 2 iterations
      --precision 0.1                how close limit and first failure have to be
      --max N, --start N             highest and first load; otherwise none, and a tenth of the script's
      --no-suspects                  do not look for the series that gave first when a run fails
      --runs N                       run it N times and say how much the runs differ; to find out whether
                                     one script is faster than another: vigie load compare
      --check-after                  when the load has ended, run the data checks of that Vigie: one that
                                     is violated and was not before fails the run (exit code 99)
      --settle 10s                   wait this long before; otherwise until rates and queues are flat
      --real-blocking                a thread for each VU, in which calls really block. Chosen by itself
                                     for scripts that need it: slower, heavier, at most 500 VUs
`

export const NO_SCRIPT = `vigie load needs a script: vigie load script.js
To watch something instead, start Vigie with what to watch: vigie localhost:3000
Without anything it watches itself and this machine: vigie
`
