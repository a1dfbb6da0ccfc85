/** The libraries of k6's library site that come with Vigie, as scripts import them. */
import { expect, test } from 'vitest'
import { runScript } from './run-script.ts'

const IMPORTS = `
import { sleep } from 'k6'
import exec from 'k6/execution'
import * as utils from 'https://jslib.k6.io/k6-utils/1.4.0/index.js'
import { humanizeValue, textSummary, jUnit } from 'https://jslib.k6.io/k6-summary/0.1.0/index.js'
import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js'
`

/** Expressions and the JSON of their value. */
const expressions: [expression: string, json: unknown][] = [
  ['utils.findBetween("<a>1</a><a>2</a>", "<a>", "</a>")', '1'],
  ['utils.findBetween("<a>1</a><a>2</a>", "<a>", "</a>", true)', ['1', '2']],
  ['utils.findBetween("x", "<a>", "</a>")', null],
  ['utils.randomString(5).length', 5],
  ['utils.randomString(4, "z")', 'zzzz'],
  ['[1, 2, 3].includes(utils.randomItem([1, 2, 3]))', true],
  ['utils.randomIntBetween(3, 3)', 3],
  [
    '/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(utils.uuidv4())',
    true,
  ],
  ['utils.uuidv4(true) === utils.uuidv4(true)', false],
  [
    'utils.normalDistributionStages(10, 60, 4)',
    [
      { duration: '10s', target: 1 },
      { duration: '10s', target: 6 },
      { duration: '10s', target: 10 },
      { duration: '10s', target: 6 },
      { duration: '10s', target: 1 },
      { duration: '10s', target: 0 },
    ],
  ],
  ['utils.check({ a: 1 }, { one: (it) => it.a === 1, two: true })', true],
  ['utils.check(1, { no: () => false })', false],
  ['humanizeValue(0.12345, { type: "rate" })', '12.34%'],
  ['humanizeValue(1234, { type: "trend", contains: "time" })', '1.23s'],
  ['humanizeValue(12345, { type: "counter", contains: "data" })', '12 kB'],
  [
    'papaparse.parse("a,b\\n1,2").data',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['papaparse.parse("a;b\\r\\n1;2").meta.delimiter', ';'],
  ['papaparse.parse("a;b\\r\\n1;2").meta.linebreak', '\r\n'],
  ['papaparse.parse("a,b\\n1,2\\n").data.length', 3],
  ['papaparse.parse("a,b\\n1,2\\n", { skipEmptyLines: true }).data.length', 2],
  ['papaparse.parse("a,b\\n1,2", { header: true }).data', [{ a: '1', b: '2' }]],
  [
    'papaparse.parse("n,t,e\\n1.5,true,", { header: true, dynamicTyping: true }).data',
    [{ n: 1.5, t: true, e: null }],
  ],
  [
    'papaparse.parse(\'a,"b ""x"", y"\\n1,"2\\n3"\').data',
    [
      ['a', 'b "x", y'],
      ['1', '2\n3'],
    ],
  ],
  [
    'papaparse.parse("a,b\\n1,2,3", { header: true }).data',
    [{ a: '1', b: '2', __parsed_extra: ['3'] }],
  ],
  ['papaparse.parse("a,b\\n1,2,3", { header: true }).errors[0].code', 'TooManyFields'],
  [
    'papaparse.parse("a,b\\n1", { header: true }).errors.at(-1).message',
    'Too few fields: expected 2 fields but parsed 1',
  ],
  ['papaparse.parse("a,\\"b").errors[0].code', 'MissingQuotes'],
  ['papaparse.parse("#x\\na,b", { comments: "#" }).data', [['a', 'b']]],
  ['papaparse.parse("a,b\\nc,d\\ne,f", { preview: 2 }).data.length', 2],
  ['papaparse.parse("abc").errors[0].code', 'UndetectableDelimiter'],
  ['papaparse.unparse([{ a: 1, b: "x,y" }, { a: null, b: \'q"\' }])', 'a,b\r\n1,"x,y"\r\n,"q"""'],
  ['papaparse.unparse({ fields: ["a"], data: [[1], [2]] }, { newline: "\\n" })', 'a\n1\n2'],
]

test('expressions over the libraries', async () => {
  const { stderr, code } = await runScript(
    `${IMPORTS}
    export default async function () {
      for (const value of [${expressions.map(([text]) => text).join(',\n')}]) console.log('=' + encodeURIComponent(JSON.stringify(value ?? null)))
      console.log('=' + encodeURIComponent(JSON.stringify(await utils.check(1, { slow: async (n) => n === 1 }))))
    }`,
  )
  expect(code, stderr).toBe(0)
  const values = [...stderr.matchAll(/msg="=(.*)" source=console/g)].map(
    ([, json]) => JSON.parse(decodeURIComponent(json!)) as unknown,
  )
  expect(values.slice(0, -1).map((value, i) => [expressions[i]![0], value])).toEqual(expressions)
  expect(values.at(-1)).toBe(true)
})

test('stages are told apart by their time', async () => {
  const { stderr, code } = await runScript(
    `${IMPORTS}
    export const options = { scenarios: { s: { executor: 'ramping-vus', startVUs: 1, stages: [
      { duration: '500ms', target: 1 }, { duration: '10s', target: 3 } ], gracefulStop: '0s' } } }
    export default function () {
      utils.tagWithCurrentStageIndex()
      utils.tagWithCurrentStageProfile()
      console.log(utils.getCurrentStageIndex(), exec.vu.metrics.tags.stage, exec.vu.metrics.tags.stage_profile)
      if (utils.getCurrentStageIndex() === 1) exec.test.abort('seen')
      sleep(0.1)
    }`,
  )
  expect(code).toBe(108)
  expect(stderr).toContain('msg="0 0 ramp-up"')
  expect(stderr).toContain('msg="1 1 ramp-up"')
})

test('the summary as text, in the older layout', async () => {
  const { stdout } = await runScript(
    `${IMPORTS}
    import { check, group } from 'k6'
    import { Trend, Counter } from 'k6/metrics'
    const wait = new Trend('wait', true)
    const seen = new Counter('seen')
    export const options = { thresholds: { seen: ['count>5'], 'wait{kind:a}': ['avg<20'] } }
    export default function () {
      group('shop', () => check(1, { yes: () => true, no: () => false }))
      wait.add(12.5, { kind: 'a' })
      seen.add(2)
    }
    export function handleSummary(data) {
      for (const name of Object.keys(data.metrics)) if (!/^(checks|seen|wait)/.test(name)) delete data.metrics[name]
      for (const one of [data.metrics.seen, data.metrics.checks]) one.values.rate = 0.5
      return { stdout: textSummary(data, { indent: ' ', enableColors: false }) + '\\n' + jUnit(data) }
    }`,
  )
  expect(stdout.slice(stdout.indexOf('     █'))).toBe(`     █ shop

       ✓ yes
       ✗ no
        ↳  0% — ✓ 0 / ✗ 1

     checks.........: 50.00% ✓ 1   ✗ 1
   ✗ seen...........: 2      0.5/s
     wait...........: avg=12.5ms min=12.5ms med=12.5ms max=12.5ms p(90)=12.5ms p(95)=12.5ms
   ✓   { kind:a }...: avg=12.5ms min=12.5ms med=12.5ms max=12.5ms p(90)=12.5ms p(95)=12.5ms
<?xml version="1.0"?>
<testsuites tests="2" failures="1">
<testsuite name="k6 thresholds" tests="2" failures="1">
<testcase name="seen - count&gt;5"><failure message="failed" /></testcase>
<testcase name="wait{kind:a} - avg&lt;20" />
</testsuite>
</testsuites>`)
})
