/** What `vigie --help` prints. */
import { SERVE_FLAGS } from './serve-args.ts'

const flags = [...SERVE_FLAGS]
  .map(
    ([name, flag]) =>
      `  --${name.padEnd(30)} ${flag.help}${flag.value === '' || flag.type === 'boolean' ? '' : ` (${flag.value})`}`,
  )
  .join('\n')

export const HELP: string = `Vigie watches, wakes, shows and loads a live product.

  vigie                             watch what vigie.yml or prometheus.yml in this folder says; without
                                    one this machine, and offer the /metrics endpoints found on it
  vigie localhost:3000 https://…    watch these: scrape what serves /metrics, probe the rest
  vigie demo                        a games backend to look at, with players on it
  vigie demo break FAULT            break it: crash hang slow errors leak double zombie drop-events
  vigie demo mend                   mend it
  vigie load script.js              run a k6 script (vigie run is the same); vigie load --help
  vigie load --find-limit script.js how much can it take, and what gives first
  vigie load compare A B            which of two runs is faster; or run both: --runs 3 A.js B.js
  vigie new [FILE]                  write a small script to start from
  vigie inspect script.js           the options of a script, as JSON
  vigie check config FILE           check a configuration with its rule files
  vigie check rules FILE…           check rule files
  vigie tsdb list|analyze|dump|import
                                    series of a data directory, Prometheus's too; vigie tsdb --help
  vigie version

Flags of vigie [serve]:
${flags}
`
