/** What `vigie load --help` prints, and what it says when there is nothing to run. */

export const USAGE = `Usage: vigie load [flags] script.js     (vigie run is the same)

Runs a k6 script. Results go to the terminal, and at once into a running Vigie when there is one.

  -u, --vus N                 virtual users
  -d, --duration 30s          how long
  -i, --iterations N          how many iterations, shared among the VUs
  -s, --stage 30s:10          ramp to 10 VUs in 30 s; may be repeated
      --execution-segment 0:1/4, --execution-segment-sequence 0,1/4,1/2,3/4,1
                              run this part of the test only; "auto" in a Kubernetes Indexed Job
  -e, --env NAME=value        into __ENV
      --tag name=value        on every sample
      --no-setup, --no-teardown, --no-thresholds
      --summary-mode MODE     compact, full or disabled
      --summary-export FILE   the summary as JSON
      --summary-trend-stats   avg,min,med,max,p(90),p(95)
      --vigie URL             the Vigie to report to, and to ask for promql(…) thresholds
      --check-after           when the load has ended, run the data checks of that Vigie: one that is
                              violated and was not before fails the run (exit code 99)
      --settle 10s            wait this long before; otherwise until rates and queues are flat
  -q, --quiet                 no progress
      --no-color
  -w, --throw                 failed requests throw
`

export const NO_SCRIPT = `vigie load needs a script: vigie load script.js
To watch something instead, start Vigie with what to watch: vigie localhost:3000
Without anything it watches itself and this machine: vigie
`
