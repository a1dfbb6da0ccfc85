/** Kinds of values in configuration files, each with the message that says what was expected. */
import { RegexError, compileRegex, parseDuration } from '@vigie/model'
import { z } from 'zod'
import { describe } from './source.ts'

type Issue = { input: unknown }
const expected =
  (what: string) =>
  ({ input }: Issue): string =>
    input === undefined ? `expected ${what}` : `found ${describe(input)}, expected ${what}`

export const text = z.string({ error: () => 'expected text' })
export const flag = z.boolean({ error: () => 'expected true or false' })
export const count = z
  .int({ error: () => 'expected a whole number' })
  .nonnegative({ error: expected('a number of 0 or more') })
/** Text, or a number or boolean that YAML made out of it. */
export const scalar = z
  .union([z.string(), z.number(), z.boolean()], { error: expected('text') })
  .transform(String)

/** A Prometheus duration, in ms. */
export const duration = z
  .union([z.string(), z.literal(0)], { error: expected('a duration such as 15s or 1m') })
  .transform((value, context) => {
    const ms = parseDuration(String(value))
    if (ms !== undefined) return ms
    context.addIssue({
      code: 'custom',
      message: `found ${describe(value)}, expected a duration such as 15s or 1m`,
    })
    return z.NEVER
  })

/** Bytes, written as 10MB, 1GiB or a plain number. Powers of 1024, as in Prometheus. */
export const size = z
  .union([z.string(), z.number()], { error: expected('a size such as 10MB') })
  .transform((value, context) => {
    const bytes = parseSize(String(value))
    if (bytes !== undefined) return bytes
    context.addIssue({
      code: 'custom',
      message: `found ${describe(value)}, expected a size such as 10MB`,
    })
    return z.NEVER
  })

const SIZE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB']

export function parseSize(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGTPE]?i?B)?$/i.exec(value.trim())
  if (match === null) return undefined
  const unit = (match[2] ?? 'B').toUpperCase().replace('I', '')
  return Math.round(Number(match[1]) * 1024 ** SIZE_UNITS.indexOf(unit))
}

const regexWithin = (before: string, after: string): z.ZodString =>
  z.string({ error: () => 'expected a regular expression' }).check((context) => {
    try {
      compileRegex(before + context.value + after)
    } catch (error) {
      if (!(error instanceof RegexError)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: context.value })
    }
  })

export const regex: z.ZodString = regexWithin('', '')

/** Of relabelling: as in Prometheus, only the expression with its anchors must be valid. */
export const anchoredRegex: z.ZodString = regexWithin('^(?s:', ')$')

export const url = z.string({ error: () => 'expected a URL' }).check((context) => {
  if (URL.canParse(context.value)) return
  context.issues.push({
    code: 'custom',
    message: `found ${describe(context.value)}, expected a URL`,
    input: context.value,
  })
})

export const labelMap = z
  .record(z.string(), scalar, { error: expected('a map of label names to values') })
  .transform((record) => new Map(Object.entries(record)))

/** A list that may be left empty in the file (`key:` with nothing behind it). */
export const list = <T extends z.ZodType>(item: T): z.ZodDefault<z.ZodPreprocess<z.ZodArray<T>>> =>
  z
    .preprocess((value) => value ?? [], z.array(item, { error: () => 'expected a list' }))
    .default([] as never)

const TLS_VERSIONS = ['TLS10', 'TLS11', 'TLS12', 'TLS13'] as const
const NODE_TLS_VERSIONS = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
} as const
/** A version of TLS, in Node's words. */
export const tlsVersion = z
  .enum(TLS_VERSIONS, { error: () => `expected one of ${TLS_VERSIONS.join(', ')}` })
  .transform((version) => NODE_TLS_VERSIONS[version])
