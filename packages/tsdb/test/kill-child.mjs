// Appends to the storage in argv[2] until it is killed, and says on stdout what was acknowledged:
// one line `t` per commit. argv[3] is the first time.
import { writeSync } from 'node:fs'
import { Labels } from '@vigie/model'
import { nodeDisk, openTsdb } from '@vigie/tsdb'

const [, , dir, start] = process.argv
const log = { debug() {}, info() {}, warn() {}, error() {} }
const tsdb = await openTsdb({ dir, disk: nodeDisk(), now: Date.now, log, segmentBytes: 65_536 })
const labels = Array.from({ length: 50 }, (_, i) => Labels.fromObject({ __name__: 'm', i: `${i}` }))
for (let t = Number(start); ; t++) {
  const appender = tsdb.appender()
  for (const one of labels) appender.append(appender.series(one), t, t * 1.1)
  appender.commit()
  writeSync(1, `${t}\n`)
  if (t % 100 === 0) await tsdb.maintain()
}
