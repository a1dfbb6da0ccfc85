/** The labels of a point: its attributes, what is promoted, `job` and `instance`. */
import type { Attribute, ScopeMetrics } from './metrics.ts'
import { isEscaped, labelName } from './names.ts'
import type { OtlpSettings } from './settings.ts'
import { valueText } from './value-text.ts'

export const SERVICE_NAMESPACE = 'service.namespace'
export const SERVICE_NAME = 'service.name'
export const SERVICE_INSTANCE = 'service.instance.id'

/** What all points of a resource and scope have in common. */
export interface Surroundings {
  /** Promoted attributes, where a point has none of that name. */
  promoted: ReadonlyMap<string, string>
  /** Of the scope, `job` and `instance`: they win. */
  fixed: ReadonlyMap<string, string>
}

/** Throws RangeError for a name that nothing is left of. */
export function surroundingsOf(
  resource: readonly Attribute[],
  scope: ScopeMetrics | undefined,
  settings: OtlpSettings,
): Surroundings {
  const promoted = new Map<string, string>()
  if (scope !== undefined)
    for (const { key, value } of sortedByKey(resource)) {
      const { isAllBut, names } = settings.promoted
      if (names.has(key) === isAllBut) continue
      const name = labelName(key, settings)
      if (!promoted.has(name)) promoted.set(name, valueText(value))
    }
  const fixed = new Map<string, string>()
  if (scope !== undefined && settings.promoteScope && scope.name !== '') {
    for (const { key, value } of scope.attributes)
      fixed.set(labelName(`otel_scope_${key}`, settings), valueText(value))
    fixed.set('otel_scope_name', scope.name)
    fixed.set('otel_scope_version', scope.version)
    fixed.set('otel_scope_schema_url', scope.schemaUrl)
  }
  const service = textOf(resource, SERVICE_NAME)
  if (service !== undefined) {
    const namespace = textOf(resource, SERVICE_NAMESPACE)
    fixed.set('job', namespace === undefined ? service : `${namespace}/${service}`)
  }
  const instance = textOf(resource, SERVICE_INSTANCE)
  if (instance !== undefined) fixed.set('instance', instance)
  return { promoted, fixed }
}

/** Attributes that get the same name are one label, their values joined. Throws RangeError. */
export function labelsOf(
  attributes: readonly Attribute[],
  { promoted, fixed }: Surroundings,
  settings: OtlpSettings,
): Map<string, string> {
  const labels = new Map<string, string>()
  const escaped = isEscaped(settings.strategy)
  for (const { key, value } of sortedByKey(attributes)) {
    const name = labelName(key, settings)
    const before = escaped ? labels.get(name) : undefined
    const text = valueText(value)
    labels.set(name, before === undefined ? text : `${before};${text}`)
  }
  for (const [name, value] of promoted) if (!labels.has(name)) labels.set(name, value)
  for (const [name, value] of fixed) labels.set(name, value)
  return labels
}

const textOf = (attributes: readonly Attribute[], key: string): string | undefined => {
  const found = attributes.find((one) => one.key === key)
  return found === undefined ? undefined : valueText(found.value)
}

const sortedByKey = (attributes: readonly Attribute[]): Attribute[] =>
  attributes.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
