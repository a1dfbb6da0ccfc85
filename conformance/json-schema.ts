/** As much of JSON Schema as the OpenAPI description of Prometheus uses, to check answers against. */

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  minItems?: number
  maxItems?: number
  minimum?: number
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  format?: string
}

/** Keys that say nothing about the shape. */
const REMARKS = new Set(['description', 'example', 'examples', 'title', 'default', 'deprecated'])
const KNOWN = new Set([
  '$ref',
  'type',
  'enum',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'minItems',
  'maxItems',
  'minimum',
  'anyOf',
  'oneOf',
  'allOf',
  'format',
])

const REFERENCE = '#/components/schemas/'

/** Where `value` is not of the schema's shape, and why; undefined when it is. Throws for what it cannot read. */
export function shapeProblem(
  value: unknown,
  schema: Schema,
  schemas: Readonly<Record<string, Schema>>,
  path = '$',
): string | undefined {
  for (const key of Object.keys(schema))
    if (!KNOWN.has(key) && !REMARKS.has(key)) throw new Error(`schema at ${path} uses ${key}`)
  const check = (part: Schema, at = path, one = value): string | undefined =>
    shapeProblem(one, part, schemas, at)
  if (schema.$ref !== undefined) return check(schemas[schema.$ref.slice(REFERENCE.length)])
  for (const part of schema.allOf ?? []) {
    const problem = check(part)
    if (problem !== undefined) return problem
  }
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined) {
    const problems = alternatives.map((part) => check(part))
    const fitting = problems.filter((problem) => problem === undefined).length
    if (fitting === 0)
      return `${path}: fits none of ${problems.length} shapes: ${problems.join('; ')}`
    if (schema.oneOf !== undefined && fitting > 1)
      return `${path}: fits ${fitting} shapes, want one`
  }
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return `${path}: got ${JSON.stringify(value)}, want one of ${JSON.stringify(schema.enum)}`
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length > 0 && !types.some((type) => isOfType(value, type)))
    return `${path}: got ${JSON.stringify(value)?.slice(0, 100)}, want ${types.join(' or ')}`
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(String(value))))
    return `${path}: got ${String(value)}, want a time`
  if (typeof value === 'number' && value < (schema.minimum ?? -Infinity))
    return `${path}: got ${value}, want ${schema.minimum} or more`
  if (Array.isArray(value)) return listProblem(value, schema, check, path)
  return typeof value === 'object' && value !== null
    ? objectProblem(value as Record<string, unknown>, schema, check, path)
    : undefined
}

type Check = (part: Schema, at: string, one: unknown) => string | undefined

function listProblem(
  list: readonly unknown[],
  schema: Schema,
  check: Check,
  path: string,
): string | undefined {
  const { items, minItems = 0, maxItems = Infinity } = schema
  if (list.length < minItems || list.length > maxItems)
    return `${path}: got ${list.length} items, want ${minItems} to ${maxItems}`
  if (items === undefined) return undefined
  for (const [i, one] of list.entries()) {
    const problem = check(items, `${path}[${i}]`, one)
    if (problem !== undefined) return problem
  }
  return undefined
}

function objectProblem(
  object: Readonly<Record<string, unknown>>,
  schema: Schema,
  check: Check,
  path: string,
): string | undefined {
  const { properties = {}, required = [], additionalProperties = true } = schema
  const missing = required.find((name) => !(name in object))
  if (missing !== undefined) return `${path}: ${missing} is missing`
  for (const [name, one] of Object.entries(object)) {
    const part = Object.hasOwn(properties, name) ? properties[name] : additionalProperties
    if (part === false) return `${path}: ${name} is not in the description`
    const problem = part === true ? undefined : check(part, `${path}.${name}`, one)
    if (problem !== undefined) return problem
  }
  return undefined
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}
