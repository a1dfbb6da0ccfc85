/**
 * What coloured code calls: callbacks of array methods one after the other, each waited for, and
 * names that the script uses without declaring them.
 */

/** How the source of a function that colouring made async begins. */
export const COLOURED = 'async/*~*/'
/** The same of a function that the script itself wrote as async and that may block: it gives a `Started`. */
export const STARTED = 'async/*~a*/'

/** What a call of such a function is awaited for: it runs on to its own first `await`, as in k6; here is its promise. */
export class Started {
  readonly promise: Promise<unknown>

  constructor(promise: Promise<unknown>) {
    this.promise = promise
  }
}

/** What the script sees of the result of a call that was awaited. */
export function seen(value: unknown): unknown {
  return value instanceof Started ? value.promise : value
}

type Callback = (...args: unknown[]) => unknown

export interface ColouredHelpers {
  each(receiver: unknown, method: string, callback: Callback, ...rest: unknown[]): unknown
  eachOptional(receiver: unknown, method: string, callback: Callback, ...rest: unknown[]): unknown
  free(vuGlobal: Record<string, unknown>, name: string): unknown
  seen(value: unknown): unknown
}

/** A callback that colouring made async; any other is called as it is, by the method itself. */
function isAwaited(callback: unknown): callback is Callback {
  if (typeof callback !== 'function') return false
  const text = Function.prototype.toString.call(callback)
  return text.startsWith(COLOURED) || text.startsWith(STARTED) || isBoundAsync(callback, text)
}

/** `f.bind(…)` of an async function: its text does not tell whose it is, so it counts as coloured. */
export function isBoundAsync(fn: unknown, text: string): boolean {
  return text.endsWith('{ [native code] }') && Object.getPrototypeOf(fn) === ASYNC_FUNCTION
}

const ASYNC_FUNCTION = Object.getPrototypeOf(async () => {}) as object

function each(receiver: unknown, method: string, callback: Callback, ...rest: unknown[]): unknown {
  const own = (receiver as Record<string, Callback>)[method]
  if (isAwaited(callback)) {
    if (Array.isArray(receiver) && own === (Array.prototype as unknown as Methods)[method])
      return ARRAY_METHODS[method]!(receiver, callback, rest)
    if (ArrayBuffer.isView(receiver) && own === (TYPED_ARRAY as Methods)[method])
      return eachOfView(receiver as Uint8Array, method, callback, rest)
    if (method === 'forEach' && (receiver instanceof Map || receiver instanceof Set)) {
      return forEachEntry(receiver, callback, rest[0])
    }
  }
  return own!.call(receiver, callback, ...rest)
}

async function forEachEntry(
  receiver: Map<unknown, unknown> | Set<unknown>,
  callback: Callback,
  self: unknown,
): Promise<void> {
  for (const [key, value] of receiver.entries()) await callback.call(self, value, key, receiver)
}

type Methods = Record<string, Callback>

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object

async function eachOfView(
  view: Uint8Array,
  method: string,
  callback: Callback,
  rest: unknown[],
): Promise<unknown> {
  const items = view as unknown as unknown[]
  const result = await ARRAY_METHODS[method]!(items, callback, rest)
  if (method !== 'map' && method !== 'filter') return result
  return new (view.constructor as Uint8ArrayConstructor)(result as number[])
}

type Method = (items: unknown[], callback: Callback, rest: unknown[]) => Promise<unknown>

/** The array methods as the language has them (holes skipped, `thisArg` honoured), waiting for each callback. */
const ARRAY_METHODS: Record<string, Method> = {
  async forEach(items, callback, [self]) {
    for (let i = 0, count = items.length; i < count; i++)
      if (i in items) seen(await callback.call(self, items[i], i, items))
  },
  async map(items, callback, [self]) {
    const out = Array.from<unknown>({ length: items.length })
    for (let i = 0, count = items.length; i < count; i++) {
      if (i in items) out[i] = seen(await callback.call(self, items[i], i, items))
      else Reflect.deleteProperty(out, i)
    }
    return out
  },
  async filter(items, callback, [self]) {
    const out: unknown[] = []
    for (let i = 0, count = items.length; i < count; i++) {
      const item = items[i]
      if (i in items && seen(await callback.call(self, item, i, items))) out.push(item)
    }
    return out
  },
  async flatMap(items, callback, rest) {
    return ((await ARRAY_METHODS['map']!(items, callback, rest)) as unknown[]).flat()
  },
  async some(items, callback, [self]) {
    for (let i = 0, count = items.length; i < count; i++)
      if (i in items && seen(await callback.call(self, items[i], i, items))) return true
    return false
  },
  async every(items, callback, [self]) {
    for (let i = 0, count = items.length; i < count; i++)
      if (i in items && !seen(await callback.call(self, items[i], i, items))) return false
    return true
  },
  async find(items, callback, [self]) {
    for (let i = 0, count = items.length; i < count; i++) {
      const item = items[i]
      if (seen(await callback.call(self, item, i, items))) return item
    }
    return undefined
  },
  async findIndex(items, callback, [self]) {
    for (let i = 0, count = items.length; i < count; i++)
      if (seen(await callback.call(self, items[i], i, items))) return i
    return -1
  },
  async findLast(items, callback, [self]) {
    for (let i = items.length - 1; i >= 0; i--) {
      const item = items[i]
      if (seen(await callback.call(self, item, i, items))) return item
    }
    return undefined
  },
  async findLastIndex(items, callback, [self]) {
    for (let i = items.length - 1; i >= 0; i--)
      if (seen(await callback.call(self, items[i], i, items))) return i
    return -1
  },
  reduce: (items, callback, rest) => fold(items, callback, rest, 0, 1),
  reduceRight: (items, callback, rest) => fold(items, callback, rest, items.length - 1, -1),
}

async function fold(
  items: unknown[],
  callback: Callback,
  rest: unknown[],
  start: number,
  step: 1 | -1,
): Promise<unknown> {
  let hasValue = rest.length > 0
  let value = rest[0]
  const count = items.length
  for (let i = start; i >= 0 && i < count; i += step) {
    if (!(i in items)) continue
    value = hasValue ? seen(await callback(value, items[i], i, items)) : items[i]
    hasValue = true
  }
  if (!hasValue) throw new TypeError('Reduce of empty array with no initial value')
  return value
}

export const colouredHelpers: ColouredHelpers = {
  each,
  eachOptional: (receiver, ...rest) =>
    receiver === null || receiver === undefined ? undefined : each(receiver, ...rest),
  seen,
  free(vuGlobal, name) {
    if (name in vuGlobal) return vuGlobal[name]
    throw new ReferenceError(`${name} is not defined`)
  },
}
