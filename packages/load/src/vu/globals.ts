/** The global object of a VU: what k6 gives to scripts, nothing of Node. */
import { LANGUAGE_GLOBALS } from '../compile/builtins.ts'
import { formatConsole } from './console.ts'
import type { LogLevel } from './environment.ts'
import type { Gate } from './gate.ts'
import type { Vu } from './vu.ts'
import { createWebCrypto } from './web-crypto.ts'

/** The body of an async function that may block. */
type Starting = Parameters<Gate['start']>[0]

type Callable = (...args: unknown[]) => unknown

/** Names of the language, shared by all VUs of the thread. */
const LANGUAGE: object = Object.freeze(
  Object.assign(
    Object.create(null),
    Object.fromEntries(
      [...LANGUAGE_GLOBALS]
        .filter((name) => name in globalThis)
        .map((name) => [name, (globalThis as Record<string, unknown>)[name]]),
    ),
  ) as object,
)

export function createGlobal(vu: Vu): Record<string, unknown> {
  const { env } = vu.environment
  const global = Object.create(LANGUAGE) as Record<string, unknown>
  Object.assign(global, {
    __VU: vu.id,
    __ENV: { ...env },
    Math,
    console: createConsole(vu),
    crypto: createWebCrypto(vu),
    TextEncoder,
    TextDecoder,
    ...createTimers(vu),
    $job: () => vu.gate.job(),
    $start: (body: Starting | Record<string, Starting>) =>
      vu.gate.start(typeof body === 'function' ? body : Object.values(body)[0]!),
    $then: (receiver: unknown, method: string, ...callbacks: unknown[]) =>
      gatedThen(vu, receiver, method, callbacks),
  })
  global['globalThis'] = global
  global['global'] = global
  return global
}

function createConsole(vu: Vu): Record<string, Callable> {
  const level =
    (name: LogLevel): Callable =>
    (...args) =>
      vu.environment.log(name, formatConsole(args), { source: 'console' })
  return {
    log: level('info'),
    info: level('info'),
    debug: level('debug'),
    warn: level('warning'),
    error: level('error'),
  }
}

function createTimers(vu: Vu): Record<string, Callable> {
  const cancels = new Map<number, () => void>()
  let last = 0
  const start = (fn: unknown, delay: unknown, args: unknown[], repeats: boolean): number => {
    if (typeof fn !== 'function') throw new TypeError('the callback of a timer must be a function')
    const id = ++last
    const ms = Math.max(repeats ? 1 : 0, Number(delay) || 0)
    void vu.pend<void>((done) => {
      let timer: NodeJS.Timeout
      const fire = (): void => {
        void vu.callback(fn as Callable, args).then(() => {
          if (!cancels.has(id)) return
          if (repeats) timer = setTimeout(fire, ms)
          else stop()
        })
      }
      const stop = (): void => {
        clearTimeout(timer)
        cancels.delete(id)
        done()
      }
      timer = setTimeout(fire, ms)
      cancels.set(id, stop)
      return () => {
        clearTimeout(timer)
        cancels.delete(id)
      }
    })
    return id
  }
  const clear: Callable = (id) => cancels.get(id as number)?.()
  return {
    setTimeout: (fn, delay, ...args) => start(fn, delay, args, false),
    setInterval: (fn, delay, ...args) => start(fn, delay, args, true),
    clearTimeout: clear,
    clearInterval: clear,
  }
}

/** `promise.then(f)` of a script that also blocks: the reaction waits until the VU is free. */
function gatedThen(vu: Vu, receiver: unknown, method: string, callbacks: unknown[]): unknown {
  const own = (receiver as Record<string, Callable>)[method]!
  if (!(receiver instanceof Promise)) return own.call(receiver, ...callbacks)
  const gated = callbacks.map((callback) => {
    if (typeof callback !== 'function') return callback
    const { gate } = vu
    return (...args: unknown[]) => gate.run(() => (callback as Callable)(...args))
  })
  return own.call(receiver, ...gated)
}
