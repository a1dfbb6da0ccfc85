/** What applies to one series or column: the defaults of its panel with the overrides that match it. */
import { type Colour, namedColour } from './colours.ts'
import type { FieldConfig } from './dashboard.ts'
import { type Json, flagOf, numberOf, objectOf, objectsOf, textOf } from './json.ts'
import { formatValue } from './units.ts'
import { toRegex } from './pattern.ts'

/** What an override can go by. */
export interface FieldIdentity {
  /** The display name before overrides. */
  name: string
  refId: string
  /** 'number', 'string', 'time' */
  type: string
}

/** `unit`, `min`, `custom.lineWidth` and the rest; keys below `custom` with their dot. */
export type Settings = Readonly<Record<string, unknown>>

export function fieldSettings(config: FieldConfig, field: FieldIdentity): Settings {
  const { custom, ...defaults } = config.defaults
  const out: Record<string, unknown> = { ...defaults }
  for (const [key, value] of Object.entries(objectOf(custom))) out[`custom.${key}`] = value
  for (const { matcher, properties } of config.overrides)
    if (isMatched(matcher, field)) for (const { id, value } of properties) out[id] = value
  return out
}

function isMatched(matcher: { id: string; options: unknown }, field: FieldIdentity): boolean {
  const { options } = matcher
  switch (matcher.id) {
    case 'byName':
      return textOf(options) === field.name
    case 'byRegexp':
      return toRegex(textOf(options))?.test(field.name) ?? false
    case 'byFrameRefID':
      return textOf(options) === field.refId
    case 'byType':
      return textOf(options) === field.type
    case 'byNames': {
      const names = objectOf(options)
      const isListed = Array.isArray(names.names) && names.names.includes(field.name)
      return names.mode === 'exclude' ? !isListed : isListed
    }
    default:
      return false
  }
}

export interface DisplayValue {
  text: string
  /** Of a value mapping; undefined: by thresholds or palette. */
  colour: Colour | undefined
}

/** A number as shown: by value mappings first, then by unit and decimals. */
export function displayNumber(value: number, settings: Settings): DisplayValue {
  const mapped = mapValue(value, settings)
  if (mapped !== undefined) return mapped
  if (Number.isNaN(value)) return { text: textOf(settings.noValue) || '–', colour: undefined }
  const { prefix, text, suffix } = formatValue(
    value,
    textOf(settings.unit),
    numberOf(settings.decimals),
  )
  return { text: prefix + text + suffix, colour: undefined }
}

/** A text as shown: by value mappings, else itself. */
export const displayText = (text: string, settings: Settings): DisplayValue =>
  mapValue(text, settings) ?? { text, colour: undefined }

function mapValue(value: number | string, settings: Settings): DisplayValue | undefined {
  for (const mapping of objectsOf(settings.mappings)) {
    const result = mappingResult(mapping, value)
    if (result !== undefined)
      return {
        text: textOf(result.text) || String(value),
        colour: textOf(result.color) === '' ? undefined : namedColour(textOf(result.color)),
      }
  }
  return undefined
}

function mappingResult(mapping: Json, value: number | string): Json | undefined {
  const options = objectOf(mapping.options)
  const number = typeof value === 'number' ? value : Number(value)
  // Legacy mappings say 1 for a value and 2 for a range, with the texts beside it.
  if (mapping.type === 1) return textOf(mapping.value) === String(value) ? mapping : undefined
  if (mapping.type === 2) return inRange(number, mapping.from, mapping.to) ? mapping : undefined
  switch (mapping.type) {
    case 'value': {
      const result = options[String(value)]
      return result === undefined ? undefined : objectOf(result)
    }
    case 'range':
      return inRange(number, options.from, options.to) ? objectOf(options.result) : undefined
    case 'regex':
      return toRegex(textOf(options.pattern))?.test(String(value)) === true
        ? objectOf(options.result)
        : undefined
    case 'special':
      return isSpecial(value, textOf(options.match)) ? objectOf(options.result) : undefined
    default:
      return undefined
  }
}

const inRange = (value: number, from: unknown, to: unknown): boolean =>
  !Number.isNaN(value) &&
  value >= (numberOf(from) ?? -Infinity) &&
  value <= (numberOf(to) ?? Infinity)

function isSpecial(value: number | string, match: string): boolean {
  const isNothing = typeof value === 'number' ? Number.isNaN(value) : value === ''
  if (match === 'null' || match === 'nan' || match === 'null+nan') return isNothing
  if (match === 'empty') return value === ''
  if (match === 'true') return value === 1 || value === 'true'
  return match === 'false' && (value === 0 || value === 'false')
}

export const customFlag = (settings: Settings, key: string): boolean =>
  flagOf(settings[`custom.${key}`])
export const customNumber = (settings: Settings, key: string, missing: number): number =>
  numberOf(settings[`custom.${key}`]) ?? missing
export const customText = (settings: Settings, key: string, missing = ''): string =>
  textOf(settings[`custom.${key}`], missing)
