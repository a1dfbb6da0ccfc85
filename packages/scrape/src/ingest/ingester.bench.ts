/**
 * Nanoseconds per sample from body to appender, all values changed between bodies:
 * `node --conditions=source --import tsx/esm packages/scrape/src/ingest/ingester.bench.ts`
 */
import { APPENDED, Labels, type Appender } from '@vigie/model'
import { IngestScratch, Ingester } from './ingester.ts'

const SERIES = 2000
const ROUNDS = 40
/** The best of these counts: on a shared machine all others measure the neighbours. */
const BATCHES = 25

function body(round: number, changedShare: number): string {
  let text = ''
  for (let family = 0; family < SERIES / 10; family++) {
    text += `# HELP bench_requests_${family}_total Requests served by the handler.\n# TYPE bench_requests_${family}_total counter\n`
    for (let i = 0; i < 10; i++) {
      const isChanged = (family * 10 + i) % 100 < changedShare * 100
      const value = isChanged ? family * 1000 + i * 7 + round * (i % 3 === 0 ? 0.125 : 13) : i
      text += `bench_requests_${family}_total{handler="/api/v1/${i}",method="GET",code="200"} ${value}\n`
    }
  }
  return text
}

const appender: Appender = {
  series: () => ++refs,
  append: (ref, _t, v) => {
    checksum += ref + v
    return APPENDED
  },
  appendHistogram: () => APPENDED,
  commit: () => {},
  rollback: () => {},
}
let refs = 0
let checksum = 0

function measure(name: string, texts: string[]): void {
  const rules = {
    target: Labels.fromObject({ job: 'bench', instance: 'localhost:9000' }),
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    relabel: undefined,
    sampleLimit: 0,
    labelLimit: 0,
    labelNameLengthLimit: 0,
    labelValueLengthLimit: 0,
    histograms: {
      native: false,
      classic: false,
      convertsClassic: false,
      bucketLimit: 0,
      minBucketFactor: 0,
    },
  }
  const ingester = new Ingester(rules, new IngestScratch())
  const buffers = texts.map((text) => Buffer.from(`${text} `))
  const run = (rounds: number): void => {
    for (let i = 0; i < rounds; i++) {
      const bytes = buffers[i % buffers.length]
      ingester.ingest(bytes, bytes.length - 1, 'prometheus', i, appender)
      ingester.accept()
    }
  }
  let best = Infinity
  for (let batch = 0; batch < BATCHES; batch++) {
    const start = process.hrtime.bigint()
    run(ROUNDS)
    best = Math.min(best, Number(process.hrtime.bigint() - start) / (ROUNDS * SERIES))
  }
  console.log(`${name}\t${best.toFixed(1)} ns/sample`)
}

const rounds = [0, 1, 2, 3]
measure(
  'same lines, all values new',
  rounds.map((round) => body(round, 1)),
)
measure(
  'same lines, long decimals',
  rounds.map((round) => body(round, 1).replace(/ (\d+)(\.\d+)?$/gm, ' $1.1234567890123')),
)
measure(
  'one series in a hundred comes or goes',
  rounds.map((round) =>
    body(round, 1).replace(/code="200"/g, () =>
      Math.random() < 0.01 ? 'code="500"' : 'code="200"',
    ),
  ),
)
measure(
  'every body parsed anew',
  rounds.map((round) => body(round, 1).replaceAll('GET', `GET${round}`)),
)
if (checksum === 0) console.log(checksum)
