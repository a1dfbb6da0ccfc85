import { Labels, Matcher } from '@vigie/model'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../test/memory-disk.ts'
import { open } from '../test/notation.ts'
import { ExemplarRing } from './exemplars.ts'

const series = (name: string): Labels => Labels.fromObject({ __name__: name })
const ALL = [[new Matcher('=~', '__name__', '.+')]]

function ring(capacity: number): { add: (text: string) => void; show: () => string } {
  const one = new ExemplarRing(capacity)
  return {
    /** `series t v [label]` */
    add: (text) => {
      const [name, t, v, id = 'x'] = text.split(' ')
      one.add(series(name), { labels: Labels.fromObject({ id }), t: Number(t), v: Number(v) })
    },
    show: () =>
      one
        .select(ALL, -Infinity, Infinity)
        .map(
          ({ labels, exemplars }) =>
            `${labels.metricName}: ${exemplars.map(({ t, v }) => `${t} ${v}`).join(', ')}`,
        )
        .join('; '),
  }
}

test('the newest of all series stay, each series in its order', () => {
  const { add, show } = ring(4)
  for (const one of ['b 1 1', 'a 1 1', 'b 2 1', 'b 3 1']) add(one)
  expect(show()).toBe('a: 1 1; b: 1 1, 2 1, 3 1')
  add('a 4 1')
  expect(show()).toBe('a: 1 1, 4 1; b: 2 1, 3 1')
  for (const one of ['c 5 1', 'c 6 1', 'c 7 1']) add(one)
  expect(show()).toBe('a: 4 1; c: 5 1, 6 1, 7 1')
})

test('what is the same again, older or too long is not taken', () => {
  const check = (want: string, ...added: string[]): void => {
    const { add, show } = ring(10)
    for (const one of added) add(one)
    expect(show()).toBe(want)
  }
  check('a: 5 1', 'a 5 1', 'a 5 1')
  check('a: 5 1, 5 1', 'a 5 1', 'a 5 1 other')
  check('a: 5 1', 'a 5 1', 'a 4 1')
  check('a: 5 2', 'a 5 2', 'a 5 1')
  check('a: 5 1, 5 2', 'a 5 1', 'a 5 2')
  check('a: 5 1', `a 5 1 ${'ü'.repeat(126)}`)
  check('', `a 5 1 ${'ü'.repeat(127)}`)
})

test('selected by matchers and time, both bounds included', () => {
  const one = new ExemplarRing(10)
  for (let t = 1; t <= 5; t++) one.add(series('a'), { labels: Labels.EMPTY, t, v: t })
  const times = (minT: number, maxT: number, value = 'a'): number[] =>
    one
      .select([[new Matcher('=', '__name__', value)]], minT, maxT)
      .flatMap(({ exemplars }) => exemplars.map(({ t }) => t))
  expect(times(2, 4)).toEqual([2, 3, 4])
  expect(times(6, 9)).toEqual([])
  expect(times(0, 9, 'b')).toEqual([])
})

test('another size keeps the newest; none keeps nothing', () => {
  const one = new ExemplarRing(3)
  const show = (): number[] =>
    one.select(ALL, 0, 9).flatMap(({ exemplars }) => exemplars.map(({ t }) => t))
  for (let t = 1; t <= 4; t++) one.add(series('a'), { labels: Labels.EMPTY, t, v: t })
  one.resize(2)
  expect(show()).toEqual([3, 4])
  one.resize(5)
  one.add(series('a'), { labels: Labels.EMPTY, t: 5, v: 5 })
  expect(show()).toEqual([3, 4, 5])
  one.resize(0)
  one.add(series('a'), { labels: Labels.EMPTY, t: 6, v: 6 })
  expect(show()).toEqual([])
})

test('what was kept is there after the process was killed', async () => {
  const disk = new MemoryDisk()
  const tsdb = await open({ disk, maxExemplars: 10 })
  const appender = tsdb.appender()
  const ref = appender.series(series('a'))
  appender.append(ref, 1000, 1)
  const labels = Labels.fromObject({ trace_id: 'ü' })
  for (const t of [900, 1000]) appender.appendExemplar!(ref, { labels, t, v: t / 3 })
  appender.commit()
  const after = await open({ disk: disk.afterKill(), maxExemplars: 10 })
  expect(after.exemplars.select(ALL, 0, 9000)).toEqual([
    { labels: series('a'), exemplars: [900, 1000].map((t) => ({ labels, t, v: t / 3 })) },
  ])
})
