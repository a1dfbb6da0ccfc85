import { expect, test } from 'vitest'
import { type LinkContext, linkUrl } from './links.ts'

const context: LinkContext = {
  variables: new Map([
    ['host', { values: ['a b', 'c'], isMulti: true, text: 'a b + c' }],
    ['job', { values: ['x', 'y'], raw: '.*', isMulti: true, text: 'All' }],
    ['__range', { values: ['1h'], isMulti: false }],
  ]),
  from: 'now-1h',
  to: 'now',
  series: { name: 'S', labels: { pod: 'p1' }, text: '5 s', value: 5 },
}
const check = (url: string, want: string, flags: object = {}): void =>
  expect(linkUrl({ url, keepsTime: false, includesVariables: false, ...flags }, context), url).toBe(
    want,
  )

test('time and variables go along', () => {
  check('/d/x', '/d/x?from=now-1h&to=now', { keepsTime: true })
  check('/d/x?y=1', '/d/x?y=1&var-host=a%20b&var-host=c&var-job=%24__all', {
    includesVariables: true,
  })
  check('/d/x?${__url_time_range}', '/d/x?from=now-1h&to=now')
  check('/d/x?${host:queryparam}&t=${__from}', '/d/x?var-host=a%20b&var-host=c&t=now-1h')
})

test('values of the series go in', () => {
  check('/p/${__field.labels.pod}/${__series.name}', '/p/p1/S')
  check('/p/${__field.labels["pod"]}?v=${__value.raw}', '/p/p1?v=5')
  check('/p/${__data.fields.pod}?v=${__value.text}', '/p/p1?v=5 s')
  check('/p/${__field.labels.gone}', '/p/${__field.labels.gone}')
})

test('nothing that a browser would run', () => {
  check('javascript:alert(1)', '')
  check(' JavaScript:alert(1)', '')
  check('https://example.org', 'https://example.org')
})
