/** What `console.log` prints of a value, as k6 does. */

/** Depth to which objects are printed. */
const MAX_DEPTH = 32

export function formatConsole(args: readonly unknown[]): string {
  return args.map((value) => formatValue(value)).join(' ')
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'function') return '[object Function]'
  if (typeof value === 'symbol' || typeof value === 'bigint') return String(value)
  if (value instanceof Error) return String(value)
  if (value === null || typeof value !== 'object') return String(value)
  try {
    return JSON.stringify(printable(value, new Set(), 0)) ?? 'undefined'
  } catch {
    return '[object Object]'
  }
}

/** A copy that JSON can show: functions and repeated ancestors by name. */
function printable(value: unknown, ancestors: Set<object>, depth: number): unknown {
  if (typeof value === 'function') return '[object Function]'
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  if (value === null || typeof value !== 'object') return value
  if (ancestors.has(value)) return '[Circular]'
  if (depth >= MAX_DEPTH) return '[object Object]'
  if (value instanceof ArrayBuffer) return `[ArrayBuffer ${value.byteLength}]`
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array)
  const own = (value as { toJSON?: () => unknown }).toJSON
  if (typeof own === 'function') return own.call(value)
  ancestors.add(value)
  const copy = Array.isArray(value)
    ? value.map((item) => printable(item, ancestors, depth + 1))
    : Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, printable(item, ancestors, depth + 1)]),
      )
  ancestors.delete(value)
  return copy
}
