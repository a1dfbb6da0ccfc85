/**
 * Reads a plain configuration value key by key, keeping account of what is there: wrong types, unknown
 * keys and missing ones are reported with their path, known ones that are not served are warned of.
 */
import { parseDuration, quote } from '@vigie/model'
import type { KeyPath, Report } from './problem-report.ts'

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** For messages; never the value of a secret, only its type. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (isMap(value)) return 'a map'
  return typeof value === 'string'
    ? quote(value)
    : `the ${typeof value} ${String(value as number | boolean)}`
}

export class Fields {
  readonly path: KeyPath
  readonly #value: Readonly<Record<string, unknown>>
  readonly #report: Report
  readonly #warn: Report
  readonly #known = new Set<string>()

  constructor(value: unknown, path: KeyPath, report: Report, warn: Report = () => {}) {
    this.path = path
    this.#report = report
    this.#warn = warn
    if (!isMap(value) && value !== undefined && value !== null)
      report(path, `got ${describe(value)}, want a map`)
    this.#value = isMap(value) ? value : {}
  }

  has(key: string): boolean {
    return this.raw(key) !== undefined
  }

  /** undefined for what is absent or null. */
  raw(key: string): unknown {
    this.#known.add(key)
    return this.#value[key] ?? undefined
  }

  /** The same, not taken as read: `finish` still has its say about the key. */
  peek(key: string): unknown {
    return this.#value[key] ?? undefined
  }

  report(key: string | undefined, message: string): void {
    this.#report(key === undefined ? this.path : [...this.path, key], message)
  }

  /** Text, also when written as a number. */
  text(key: string, fallback = ''): string {
    const value = this.raw(key)
    if (value === undefined) return fallback
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    this.report(key, `got ${describe(value)}, want text`)
    return fallback
  }

  /** Text that must be there. */
  needed(key: string): string {
    const text = this.text(key)
    if (text === '') this.report(this.#value[key] === undefined ? undefined : key, `missing ${key}`)
    return text
  }

  /** Also in the words of YAML 1.1. */
  flag(key: string, fallback: boolean): boolean {
    const value = this.raw(key)
    if (value === undefined) return fallback
    if (typeof value === 'string' && /^(yes|no|on|off)$/i.test(value))
      return /^(yes|on)$/i.test(value)
    if (typeof value !== 'boolean') this.report(key, `got ${describe(value)}, want true or false`)
    return value === true
  }

  number(key: string): number | undefined {
    const value = this.raw(key)
    if (value === undefined) return undefined
    if (typeof value === 'number') return value
    this.report(key, `got ${describe(value)}, want a number`)
    return undefined
  }

  count(key: string, fallback: number): number {
    const value = this.number(key)
    if (value === undefined) return fallback
    if (!Number.isInteger(value) || value < 0)
      this.report(key, `got ${value}, want a whole number, 0 or more`)
    return value
  }

  durationMs(key: string): number | undefined {
    const value = this.raw(key)
    if (value === undefined) return undefined
    const ms = typeof value === 'string' || value === 0 ? parseDuration(String(value)) : undefined
    if (ms === undefined) this.report(key, `got ${describe(value)}, want a duration like 30s or 5m`)
    return ms
  }

  texts(key: string): string[] | undefined {
    const value = this.raw(key)
    if (value === undefined) return undefined
    const list = Array.isArray(value) ? value : [value]
    if (list.every((one) => typeof one === 'string' || typeof one === 'number'))
      return list.map(String)
    this.report(key, `got ${describe(value)}, want a list of texts`)
    return []
  }

  textMap(key: string): Map<string, string> {
    const map = new Map<string, string>()
    const fields = this.map(key)
    for (const name of fields.keys()) map.set(name, fields.text(name))
    return map
  }

  /** A map below `key`; an empty one when there is none. */
  map(key: string): Fields {
    return new Fields(this.raw(key), [...this.path, key], this.#report, this.#warn)
  }

  /** The maps of a list. */
  maps(key: string): Fields[] {
    const value = this.raw(key)
    if (value === undefined) return []
    if (!Array.isArray(value)) {
      this.report(key, `got ${describe(value)}, want a list`)
      return []
    }
    return value.map((one: unknown, i) => {
      const path = [...this.path, key, i]
      if (one === null) this.#report(path, 'got nothing, want a map')
      return new Fields(one, path, this.#report, this.#warn)
    })
  }

  keys(): string[] {
    return Object.keys(this.#value)
  }

  /** Ends the reading: keys that were not asked for are unknown, or known (`unserved`) and ignored. */
  finish(unserved: readonly string[] = []): void {
    for (const key of this.keys()) {
      if (this.#known.has(key)) continue
      if (unserved.includes(key)) this.#warn([...this.path, key], 'not served yet, ignored')
      else
        this.report(
          key,
          `unknown key; want one of ${[...this.#known, ...unserved].sort().join(', ')}`,
        )
    }
  }
}
