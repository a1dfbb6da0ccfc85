/** Vectors of `dashboards`: 111 public dashboards to read, Grafana's own steps, calculations and formats. */
import { readFileSync, readdirSync } from 'node:fs'
import { intervalMs, parseInterval, readDashboard, reduceField, valueText } from '@vigie/dashboards'
import type { SuiteResult } from './suite.ts'

type Failures = SuiteResult['failures']

export function run(vectorsDir: string): Promise<SuiteResult> {
  const dir = `${vectorsDir}/grafana`
  const failures: Failures = []
  const totals = [
    dashboards(`${dir}/dashboards`, failures),
    intervals(dir, failures),
    reducers(dir, failures),
  ]
  const total = totals.reduce((sum, count) => sum + count, 0)
  const units: Failures = []
  const unitTotal = formats(dir, units)
  return Promise.resolve({
    suite: 'grafana',
    passed: total - failures.length,
    total,
    failures,
    beside: [{ suite: 'value formats', passed: unitTotal - units.length, total: unitTotal }],
  })
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

function dashboards(dir: string, failures: Failures): number {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  )
  for (const file of files) {
    try {
      readDashboard(read(`${dir}/${file}`))
    } catch (error) {
      failures.push({ name: file, reason: (error as Error).message })
    }
  }
  return files.length
}

function intervals(dir: string, failures: Failures): number {
  const cases = read(`${dir}/golden/intervals.json`) as [
    number,
    number,
    string | null,
    string,
    number,
  ][]
  for (const [rangeMs, points, lower, , want] of cases) {
    const got = intervalMs(rangeMs, points, lower === null ? 1 : parseInterval(lower)!)
    if (got !== want)
      failures.push({
        name: `interval ${rangeMs}/${points} from ${lower}`,
        reason: `got ${got}, want ${want}`,
      })
  }
  return cases.length
}

type Golden = number | boolean | null | 'NaN'
const fromGolden = (value: Golden): number | boolean | null =>
  value === 'NaN' ? Number.NaN : value

function reducers(dir: string, failures: Failures): number {
  const cases = read(`${dir}/golden/reducers.json`) as [Golden[], string, Golden][]
  for (const [values, calc, golden] of cases) {
    const got = reduceField(values.map(fromGolden) as (number | null)[], calc)
    const want = fromGolden(golden)
    const isClose =
      typeof got === 'number' && typeof want === 'number' && Math.abs(got - want) < 1e-9
    if (!Object.is(got, want) && !isClose)
      failures.push({
        name: `${calc} of ${JSON.stringify(values)}`,
        reason: `got ${got}, want ${want}`,
      })
  }
  return cases.length
}

function formats(dir: string, failures: Failures): number {
  const { rows } = read(`${dir}/golden/value-formats.json`) as {
    rows: [string, number, number | null, string][]
  }
  let count = 0
  for (const one of rows) {
    count++
    const [unit, value, decimals, want] = one
    const got = plainSpaces(valueText(value, unit, decimals ?? undefined, { isUtc: true }))
    if (got !== plainSpaces(want))
      failures.push({ name: `${unit} ${value}`, reason: `got ${got}, want ${want}` })
  }
  return count
}

/** Before AM and PM ICU writes a narrow no-break space or a plain one, by its version. */
const plainSpaces = (text: string): string => text.replaceAll('\u202f', ' ')
