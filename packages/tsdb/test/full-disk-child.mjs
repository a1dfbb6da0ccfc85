// Fills the disk at argv[2] up while it writes to a storage on it, makes room, and says what it saw.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Labels, Matcher, SampleColumns } from '@vigie/model'
import { nodeDisk, openTsdb } from '@vigie/tsdb'

const dir = process.argv[2]
const log = { debug() {}, info() {}, warn() {}, error() {} }
const openOne = () => openTsdb({ dir: join(dir, 'data'), disk: nodeDisk(), now: () => 1e12, log })
const tsdb = await openOne()

let t = 0
function write() {
  const appender = tsdb.appender()
  t++
  for (let i = 0; i < 50; i++)
    appender.append(appender.series(Labels.fromObject({ __name__: 'm', i: String(i) })), t, t * i)
  appender.commit()
  return t
}

function count(store) {
  const set = store.select([new Matcher('=', '__name__', 'm')], 0, 1e12)
  const columns = new SampleColumns()
  let samples = 0
  for (let i = 0; i < set.count; i++) {
    set.samples(i, 0, 1e12, columns)
    samples += columns.length
  }
  return samples
}

for (let i = 0; i < 10; i++) write()
const filler = openSync(join(dir, 'filler'), 'w')
try {
  for (;;) writeSync(filler, Buffer.alloc(4096))
} catch {
  closeSync(filler)
}
let refused = 0
let error = ''
for (let i = 0; i < 100; i++) {
  try {
    write()
  } catch (cause) {
    refused++
    error = cause.message
  }
}
const full = { samples: count(tsdb), refused, error, failure: tsdb.stats().writeFailure }
rmSync(join(dir, 'filler'))
write()
const after = { samples: count(tsdb), failure: tsdb.stats().writeFailure }
await tsdb.close()
const again = await openOne()
process.stdout.write(JSON.stringify({ full, after, again: count(again) }))
await again.close()
