import fc from 'fast-check'
import { type Labels, SampleColumns, type SeriesSet, makeHistogram } from '@vigie/model'
import { expect, test } from 'vitest'
import { parseLabels, show } from '../../test/notation.ts'
import { mergeNames, mergeSets } from './merged-set.ts'

/** `a 1:0 2:5 | b 1:7`; a value `h5` is a histogram of count 5. */
function setOf(text: string): SeriesSet {
  const lines = text === '' ? [] : text.split(' | ').map((line) => line.split(' '))
  return {
    count: lines.length,
    labels: (index: number): Labels => parseLabels(lines[index][0]),
    samples: (index: number, minT: number, maxT: number, out: SampleColumns): void => {
      out.clear()
      for (const sample of lines[index].slice(1)) {
        const [t, v] = sample.split(':')
        if (Number(t) < minT || Number(t) > maxT) continue
        if (v.startsWith('h')) out.pushHistogram(Number(t), makeHistogram({ count: +v.slice(1) }))
        else out.push(Number(t), Number(v))
      }
    },
  }
}

test.each([
  [
    ['a 1:0 2:1', 'b 1:0'],
    ['a 1:0 2:1', 'b 1:0'],
  ],
  [['a 1:0 2:1', 'a 3:0'], ['a 1:0 2:1 3:0']],
  [['a 3:0', 'a 1:0 2:1'], ['a 1:0 2:1 3:0']],
  [['a 1:1 2:1 3:1', 'a 3:2 4:2', 'a 4:3 5:3'], ['a 1:1 2:1 3:1 4:2 5:3']],
  [
    ['a 1:1 9:1', 'a 2:2 | b 2:2', 'b 1:3 | c{x="1"} 4:4', ''],
    ['a 1:1 2:2 9:1', 'b 1:3 2:2', 'c{x="1"} 4:4'],
  ],
  [['', ''], []],
])('%j', (sets, want) => {
  expect(show(mergeSets(sets.map(setOf)))).toEqual(want)
})

test('bounds go through', () => {
  const merged = mergeSets(['a 1:1 2:1 3:1', 'a 3:2 4:2 5:2'].map(setOf))
  expect(show(merged, 2, 4)).toEqual(['a 2:1 3:1 4:2'])
})

test('histograms stay where they are', () => {
  const merged = mergeSets(['a 1:1 2:h2 5:h5', 'a 1:h9 3:3 4:h4'].map(setOf))
  const columns = new SampleColumns()
  merged.samples(0, -Infinity, Infinity, columns)
  const got = Array.from({ length: columns.length }, (_, i) => {
    const h = columns.h?.[i]
    return `${columns.t[i]}:${h === undefined ? columns.v[i] : `h${h.count}`}`
  })
  expect(got).toEqual(['1:1', '2:h2', '3:3', '4:h4', '5:h5'])
})

test('one set is handed over as it is', () => {
  const one = setOf('a 1:1')
  expect(mergeSets([setOf(''), one])).toBe(one)
})

test('any sets', () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 30 }))
  fc.assert(
    fc.property(fc.array(times, { maxLength: 5 }), (lists) => {
      const sets = lists.map((list) => {
        const samples = [...list].sort((a, b) => a - b).map((t) => `${t}:${t}`)
        return setOf(['a', ...samples].join(' '))
      })
      const all = [...new Set(lists.flat())].sort((a, b) => a - b).map((t) => `${t}:${t}`)
      expect(show(mergeSets(sets))).toEqual(lists.length === 0 ? [] : [['a', ...all].join(' ')])
    }),
  )
})

test.each([
  [[], ''],
  [['a b', '', 'b c'], 'a b c'],
  [['é \u{10000}', '\uffff a'], 'a é \uffff \u{10000}'],
])('names %j', (lists, want) => {
  const split = lists.map((one) => one.split(' ').filter((name) => name !== ''))
  expect(mergeNames(split).join(' ')).toBe(want)
})

test('series are found whatever their order', () => {
  const names = Array.from({ length: 40 }, (_, i) => `s${String(i).padStart(2, '0')}`)
  const orders = [
    names,
    names.filter((_name, i) => i % 9 > 5),
    names.toReversed(),
    [...names.slice(20), 'new', ...names.slice(0, 20)],
    ['new', 'first', ...names.filter((_name, i) => i % 2 === 0)],
  ]
  const sets = orders.map((order, t) => setOf(order.map((name) => `${name} ${t}:0`).join(' | ')))
  const want = [...new Set(orders.flat())].map((name) =>
    [name, ...orders.flatMap((order, t) => (order.includes(name) ? [`${t}:0`] : []))].join(' '),
  )
  expect(show(mergeSets(sets)).sort()).toEqual(want.sort())
})
