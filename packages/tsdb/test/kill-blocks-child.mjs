// Like kill-child.mjs, a minute of samples per commit, so that blocks are made all the time. Says
// `t <t>` for each commit, and `m` when it begins to make blocks. argv: directory, first time.
import { writeSync } from 'node:fs'
import { Labels } from '@vigie/model'
import { nodeDisk, openTsdb } from '@vigie/tsdb'

const [, , dir, start] = process.argv
const log = { debug() {}, info() {}, warn() {}, error: (...all) => console.error(...all) }
const tsdb = await openTsdb({
  dir,
  disk: nodeDisk(),
  now: () => 1e13,
  log,
  retentionMs: 0,
  blockWorkerUrl: new URL('../dist/blocks/worker.js', import.meta.url),
})
const labels = Array.from({ length: 60 }, (_, i) => Labels.fromObject({ __name__: 'm', i: `${i}` }))
for (let minute = Number(start); ; minute++) {
  const appender = tsdb.appender()
  for (const one of labels)
    appender.append(appender.series(one), minute * 60_000, Math.sin(minute) * 1e9)
  appender.commit()
  writeSync(1, `t ${minute}\n`)
  if (minute % 60 !== 0) continue
  writeSync(1, `m\n`)
  await tsdb.maintain()
}
