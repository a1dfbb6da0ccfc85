/** What the commands of `vigie tsdb` have in common: arguments, the directory, where output goes. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Matcher } from '@vigie/model'
import { ParseError, parseSelector } from '@vigie/promql/syntax'
import type { ReadOnlyOptions } from '@vigie/tsdb'
import { nodeDisk } from '@vigie/tsdb'
import { UsageError } from '../serve-args.ts'

export interface Output {
  /** Resolves when more may be written. */
  stdout(text: string): Promise<void>
  stderr(text: string): void
  /** Undefined: there is none. */
  stdin?: AsyncIterable<Uint8Array>
  now(): number
}

export interface Arguments {
  positionals: string[]
  /** As often as each was given. */
  values: Map<string, string[]>
  has(flag: string): boolean
}

type Flags = Readonly<Record<string, { type: 'string' | 'boolean'; short?: string }>>

/** Throws UsageError, also when there are more than `most` positional arguments. */
export function parseArguments(argv: readonly string[], flags: Flags, most: number): Arguments {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, { ...flag, multiple: true as const }]),
  )
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}. \`vigie tsdb --help\` lists the flags.`)
  }
  const { positionals } = parsed
  if (positionals.length > most)
    throw new UsageError(`found argument ${JSON.stringify(positionals[most])}, expected no more`)
  const values = new Map(
    Object.entries(parsed.values).map(([name, list]) => [name, (list as unknown[]).map(String)]),
  )
  return { positionals, values, has: (flag) => values.has(flag) }
}

/** How to open the data directory that was named; `data` when none was. Throws UsageError when there is none. */
export function directory(named: string | undefined, output: Output): ReadOnlyOptions {
  const given = named ?? 'data'
  if (!existsSync(given)) throw new UsageError(`cannot read ${given}: there is no such directory`)
  const dir = seriesDirectory(given)
  const say = (text: string, fields: Record<string, unknown> = {}): void => {
    const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`)
    output.stderr(`${text}${shown.join('')}\n`)
  }
  return {
    dir,
    disk: nodeDisk(),
    now: () => output.now(),
    log: { debug() {}, info() {}, warn: say, error: say },
  }
}

/** Vigie keeps its series in a folder of its data directory, Prometheus in the directory itself. */
export function seriesDirectory(given: string): string {
  const inner = join(given, 'tsdb')
  return existsSync(inner) && !hasSeries(given) ? inner : given
}

/** A log, or a block. */
const hasSeries = (dir: string): boolean =>
  existsSync(join(dir, 'wal')) ||
  readdirSync(dir).some((name) => existsSync(join(dir, name, 'meta.json')))

/** Each given `--match`. */
export function selectors(args: Arguments): (readonly Matcher[])[] {
  return (args.values.get('match') ?? []).map((text) => {
    try {
      return parseSelector(text, true).matchers
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      throw new UsageError(`--match=${text}: ${error.message}`)
    }
  })
}

/** A time in ms since the epoch, or as RFC 3339. */
export function timeFlag(args: Arguments, name: string, otherwise: number): number {
  const text = args.values.get(name)?.at(-1)
  if (text === undefined) return otherwise
  const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(ms))
    throw new UsageError(
      `--${name}: found ${JSON.stringify(text)}, expected milliseconds or a time such as 2026-01-31T12:00:00Z`,
    )
  return ms
}
