/** Settings of stat, gauge and bar gauge from before they were called fieldConfig (Grafana 6 and 7.0). */
import { type Json, isObject, listOf, numberOf, objectOf, objectsOf, textOf } from './json.ts'

/** `options`, with `fieldOptions` and `valueOptions` as today's `reduceOptions`. */
export function migrateOptions(panel: Json): Json {
  const options = objectOf(panel.options)
  if (isObject(options.reduceOptions)) return options
  const { fieldOptions, valueOptions } = options
  if (isObject(fieldOptions))
    return {
      ...options,
      reduceOptions: { calcs: fieldOptions.calcs, values: fieldOptions.values },
    }
  if (!isObject(valueOptions)) return options
  const calc = OLD_STATS.get(textOf(valueOptions.stat)) ?? textOf(valueOptions.stat, 'mean')
  return { ...options, reduceOptions: { calcs: [calc] } }
}

const OLD_STATS = new Map([
  ['avg', 'mean'],
  ['current', 'lastNotNull'],
  ['total', 'sum'],
])

/** `fieldConfig`, from where it stood before. */
export function migrateFieldConfig(panel: Json): Json {
  const config = objectOf(panel.fieldConfig)
  const options = objectOf(panel.options)
  if (Object.keys(objectOf(config.defaults)).length > 0) return config
  if (isObject(options.fieldOptions)) {
    const { defaults, override, overrides, thresholds, mappings } = options.fieldOptions
    return {
      defaults: {
        mappings,
        ...objectOf(defaults),
        thresholds: oldThresholds(objectOf(defaults).thresholds ?? thresholds),
      },
      overrides: overrides ?? (Array.isArray(override) ? override : []),
    }
  }
  if (!isObject(options.valueOptions)) return config
  const { unit, decimals } = options.valueOptions
  return {
    defaults: {
      unit,
      decimals,
      min: numberOf(options.minValue),
      max: numberOf(options.maxValue),
      thresholds: oldThresholds(options.thresholds),
      mappings: listOf(options.valueMappings),
    },
    overrides: [],
  }
}

/** A bare list, its first step without a value. */
function oldThresholds(thresholds: unknown): unknown {
  if (!Array.isArray(thresholds)) return thresholds
  const steps = objectsOf(thresholds)
    .map(({ value, color }) => ({ value: numberOf(value) ?? null, color }))
    .sort((a, b) => (a.value ?? -Infinity) - (b.value ?? -Infinity))
  return { mode: 'absolute', steps }
}
