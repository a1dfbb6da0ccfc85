import { expect, test } from 'vitest'
import { Labels } from '@vigie/model'
import { memory } from '../../test/memory.ts'
import { Engine } from './engine.ts'
import { featureOptions } from './features.ts'
import { hashShare, xxHash64 } from './labels-hash.ts'

/** The elements of an instant query at 10 s with the named features, in their order. */
async function ask(features: string[], query: string, series: string): Promise<string> {
  const engine = new Engine(featureOptions(features))
  try {
    const result = await engine.instant(memory(series, 10_000), query, { timeMs: 10_000 })
    if (result.type !== 'vector') return result.type
    return result.samples.map(({ labels, v }) => `${labels.toString()} ${v}`).join('; ')
  } catch (error) {
    return (error as Error).message
  }
}

test('each feature is switched on by its name', async () => {
  const check = async (feature: string, query: string, off: string): Promise<void> => {
    const series = 'x 1 2\ny 1 2'
    expect(await ask([], query, series), query).toBe(off)
    expect(await ask(['other', feature], query, series), query).not.toBe(off)
  }
  const functions = 'promql-experimental-functions'
  const off = (text: string): string => `1:1: parse error: ${text}`
  await check(functions, 'sort_by_label(x, "a")', off('function "sort_by_label" is not enabled'))
  await check(
    functions,
    'limitk(1, x)',
    off(
      'limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
    ),
  )
  const ranges = 'promql-extended-range-selectors'
  await check(ranges, 'x smoothed', off('smoothed modifier is experimental and not enabled'))
  const fill = 'promql-binop-fill-modifiers'
  const fillOff = '1:5: parse error: binop fill modifiers are experimental and not enabled'
  await check(fill, 'x + fill(0) y', fillOff)
  await check(
    'promql-delayed-name-removal',
    'label_replace(-x, "n", "$1", "__name__", "(.+)")',
    '{} -2',
  )
})

test('info() adds the labels of the newest info series', async () => {
  const on = ['promql-experimental-functions']
  const x = 'x{instance="a",job="j"} 1 2'
  const info = 'target_info{instance="a",job="j",version="1"} 1 1'
  const other = 'target_info{instance="a",job="j",version="2"} _ 1'
  expect(await ask(on, 'info(x)', x)).toBe('x{instance="a", job="j"} 2')
  expect(await ask(on, 'info(x)', `${x}\n${info}`)).toBe('x{instance="a", job="j", version="1"} 2')
  expect(await ask(on, 'info(x, {version=~".+"})', x)).toBe('')
  expect(await ask(on, 'info(x offset 10s)', `${x}\n${info}\n${other}`)).toBe(
    'x{instance="a", job="j", version="1"} 1',
  )
  expect(await ask(on, 'info(x)', `${x}\n${info}\n${other}`)).toBe(
    'found duplicate series for info metric: existing target_info{instance="a", job="j", version="1"} @ 10000, new target_info{instance="a", job="j", version="2"} @ 10000',
  )
})

test('the sides of `or` stay in their order, each by its labels', async () => {
  const series = 'z{a="2"} 1 2\nz{a="1"} 1 3\nb{k="1"} 1 4\na 1 5'
  const sides = 'z{a="1"} 3; z{a="2"} 2; a 5; b{k="1"} 4'
  expect(await ask([], 'z or {__name__=~"a|b"}', series)).toBe(sides)
  expect(await ask([], '(z or a) or b', series)).toBe('z{a="1"} 3; z{a="2"} 2; a 5; b{k="1"} 4')
})

test('xxHash64 of label sets', () => {
  const hash = (text: string): string => xxHash64(new TextEncoder().encode(text)).toString(16)
  // From the specification's reference implementation.
  expect(hash('')).toBe('ef46db3751d8e999')
  expect(hash('a')).toBe('d24ec4f1a98c6e5b')
  expect(hash('abc')).toBe('44bc2cf5ad770999')
  expect(hash('Nobody inspects the spammish repetition')).toBe('fbcea83c8a378bf1')
  const long = Labels.fromObject({ a: 'x'.repeat(300) })
  expect(hashShare(long)).toBeGreaterThan(0)
  expect(hashShare(long)).toBeLessThan(1)
})
