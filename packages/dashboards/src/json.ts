/**
 * Reading JSON that was written by many versions of many tools: a value of another type than expected
 * counts as missing, so that one odd field never breaks a dashboard.
 */
export type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const objectOf = (value: unknown): Json => (isObject(value) ? value : {})
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const objectsOf = (value: unknown): Json[] => listOf(value).filter(isObject)
export const textOf = (value: unknown, missing = ''): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : missing
export const flagOf = (value: unknown, missing = false): boolean =>
  typeof value === 'boolean' ? value : missing
export const textsOf = (value: unknown): string[] =>
  listOf(value).filter((one) => typeof one === 'string')

/** A number, also when it is written as text; undefined otherwise. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
