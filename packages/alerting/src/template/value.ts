/**
 * Values inside templates, which keep Go's types apart: an integer is a bigint, a float a number.
 * Lists are arrays and maps are Maps; everything with fields or methods is a GoObject.
 */

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | GoObject
  | GoFunction

/** Something with methods; a list or a map may have them as well. */
export interface WithMethods {
  goMethod(name: string): GoFunction | undefined
}

export abstract class GoObject implements WithMethods {
  /** As Go names the type in its errors. */
  abstract readonly goType: string
  /** A field of a struct; undefined when there is none of that name. */
  goField(_name: string): Value | undefined {
    return undefined
  }
  goMethod(_name: string): GoFunction | undefined {
    return undefined
  }
  /** As `{{ . }}` prints it. */
  abstract toString(): string
}

/** A struct made of plain fields. */
export class GoStruct extends GoObject {
  readonly goType: string
  readonly #fields: ReadonlyMap<string, Value>

  constructor(goType: string, fields: Readonly<Record<string, Value>>) {
    super()
    this.goType = goType
    this.#fields = new Map(Object.entries(fields))
  }

  override goField(name: string): Value | undefined {
    return this.#fields.get(name)
  }

  get fields(): ReadonlyMap<string, Value> {
    return this.#fields
  }

  override toString(): string {
    return `{${[...this.#fields.values()].map(String).join(' ')}}`
  }
}

/** A map[string]string: what is missing is the empty text. */
export class StringMap extends Map<string, string> {}

/** Text that needs no escaping any more. */
export class SafeHtml extends GoObject {
  readonly goType = 'template.HTML'
  readonly html: string
  constructor(html: string) {
    super()
    this.html = html
  }
  override toString(): string {
    return this.html
  }
}

export type ParameterType = 'string' | 'int' | 'any'

/** A function or method that templates may call. */
export interface GoFunction {
  readonly isGoFunction: true
  readonly parameters: readonly ParameterType[]
  /** The last parameter may come any number of times. */
  readonly isVariadic: boolean
  /** Arguments are of the declared types. An Error thrown becomes `error calling NAME: …`. */
  readonly call: (...args: Value[]) => Value
}

/** A function of these parameters; `...string` as the last makes it variadic. */
export function goFunction(
  parameters: readonly (ParameterType | `...${ParameterType}`)[],
  call: (...args: never[]) => Value,
): GoFunction {
  const isVariadic = parameters.at(-1)?.startsWith('...') ?? false
  return {
    isGoFunction: true,
    parameters: parameters.map((type) => type.replace('...', '') as ParameterType),
    isVariadic,
    call: call as unknown as (...args: Value[]) => Value,
  }
}

export const isFunction = (value: Value): value is GoFunction =>
  typeof value === 'object' && value !== null && 'isGoFunction' in value

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

export const isMap = (value: Value): value is ReadonlyMap<string, Value> => value instanceof Map

export function methodOf(value: Value, name: string): GoFunction | undefined {
  const holder = value as Partial<WithMethods> | null
  return typeof holder === 'object' && typeof holder?.goMethod === 'function'
    ? holder.goMethod(name)
    : undefined
}

/** A list with a type of its own. */
export interface TypedList {
  readonly goType: string
}

const PLAIN_TYPES = new Map<string, string>([
  ['boolean', 'bool'],
  ['bigint', 'int'],
  ['number', 'float64'],
  ['string', 'string'],
])

export function typeName(value: Value): string {
  if (value === null) return '<nil>'
  const plain = PLAIN_TYPES.get(typeof value)
  if (plain !== undefined) return plain
  const named = (value as Partial<TypedList>).goType
  if (named !== undefined) return named
  if (isList(value)) return '[]interface {}'
  if (isMap(value))
    return value instanceof StringMap ? 'map[string]string' : 'map[string]interface {}'
  return 'func'
}

/** Go's idea of truth: not the zero value. */
export function isTrue(value: Value): boolean {
  if (value === null) return false
  if (isList(value)) return value.length > 0
  if (isMap(value)) return value.size > 0
  if (typeof value === 'object') return true
  return Boolean(value)
}

/** Keys as Go iterates over them. */
export const sortedKeys = (map: ReadonlyMap<string, Value>): string[] =>
  [...map.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
