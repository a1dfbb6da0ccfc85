/**
 * `k6/data`: arrays that all VUs share. The elements are JSON texts in one SharedArrayBuffer; each
 * access gives a fresh frozen copy.
 */

/** Bytes of all elements of one array. */
const MAX_BYTES = 1 << 30

export interface SharedElements {
  text: SharedArrayBuffer
  /** Element i is bytes offsets[i] to offsets[i + 1]. */
  offsets: Float64Array
}

/** By name; made in VU 0, handed to every thread. */
export type SharedArrays = Map<string, SharedElements>

export function shareElements(elements: readonly unknown[]): SharedElements {
  const texts = elements.map((element) => Buffer.from(JSON.stringify(element) ?? 'null'))
  const offsets = new Float64Array(new SharedArrayBuffer(8 * (texts.length + 1)))
  texts.forEach((text, i) => (offsets[i + 1] = offsets[i]! + text.length))
  const size = offsets[texts.length]!
  if (size > MAX_BYTES) throw new Error(`a SharedArray of ${size} bytes; want at most ${MAX_BYTES}`)
  const text = new SharedArrayBuffer(size)
  const bytes = new Uint8Array(text)
  texts.forEach((one, i) => bytes.set(one, offsets[i]!))
  return { text, offsets }
}

/** An array that cannot be written, over elements that are parsed when they are read. */
export function openSharedArray(elements: SharedElements): unknown[] {
  const length = elements.offsets.length - 1
  const bytes = Buffer.from(elements.text)
  const read = (index: number): unknown =>
    deepFreeze(
      JSON.parse(bytes.toString('utf8', elements.offsets[index]!, elements.offsets[index + 1]!)),
    )
  const refuse = (): never => {
    throw new TypeError('SharedArray is immutable')
  }
  // The target has the true length, so that what the language checks of a proxy holds.
  return new Proxy(Array.from<unknown>({ length }), {
    get: (target, key, receiver) =>
      isIndex(key, length) ? read(Number(key)) : Reflect.get(target, key, receiver),
    has: (target, key) => isIndex(key, length) || Reflect.has(target, key),
    getOwnPropertyDescriptor: (target, key) =>
      isIndex(key, length)
        ? { value: read(Number(key)), writable: true, enumerable: true, configurable: true }
        : Reflect.getOwnPropertyDescriptor(target, key),
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    setPrototypeOf: refuse,
  })
}

function isIndex(key: string | symbol, length: number): boolean {
  return typeof key === 'string' && /^(0|[1-9]\d*)$/.test(key) && Number(key) < length
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const item of Object.values(value)) deepFreeze(item)
  return Object.freeze(value)
}
