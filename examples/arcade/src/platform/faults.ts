// Faults of one service: what can go wrong on request, and the switchboard behind `/_faults`.
//
// Every service knows crash, hang, slow, errors and leak; a service adds its own. A fault that was
// switched on stays on until it is taken back or the process ends.

/** What a service does when a fault is switched on and off. Both may be absent: then it asks `isOn`. */
export interface FaultActions {
  start?: () => void | Promise<void>
  stop?: () => void | Promise<void>
}

const slowMs = 800
const leakStepBytes = 1024 * 1024
const leakStepMs = 250
/** The leak ends here, so that the demo never takes the machine down. */
const leakBytesMax = 200 * 1024 * 1024
const burstPeriodMs = 3000
const burstMs = 2000

export class Faults {
  #actions: Map<string, FaultActions>
  #on = new Set<string>()

  constructor(own: Record<string, FaultActions> = {}) {
    this.#actions = new Map<string, FaultActions>([
      ['crash', { start: crash }],
      ['hang', { start: hang }],
      ['slow', {}],
      ['errors', {}],
      ['leak', leak()],
      ...Object.entries(own),
    ])
  }

  list(): { name: string; active: boolean }[] {
    return [...this.#actions.keys()].map((name) => ({ name, active: this.#on.has(name) }))
  }

  isOn(name: string): boolean {
    return this.#on.has(name)
  }

  /** False when this service has no such fault. */
  async start(name: string): Promise<boolean> {
    const actions = this.#actions.get(name)
    if (!actions) return false
    if (this.#on.has(name)) return true
    this.#on.add(name)
    await actions.start?.()
    return true
  }

  /** Takes one fault back, or all of them. False when this service has no such fault. */
  async stop(name?: string): Promise<boolean> {
    if (name === undefined) {
      for (const one of this.#on) await this.stop(one)
      return true
    }
    const actions = this.#actions.get(name)
    if (!actions) return false
    if (this.#on.delete(name)) await actions.stop?.()
    return true
  }

  /** Added to the time of every request now. */
  delayMs(): number {
    return this.#on.has('slow') || this.#on.has('slow-stats') ? slowMs : 0
  }

  /** Whether a request that comes now is to fail: errors come in bursts. */
  failsNow(nowMs: number): boolean {
    return this.#on.has('errors') && nowMs % burstPeriodMs < burstMs
  }
}

/** After the answer to the request that asks for it. */
function crash(): void {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 20)
}

/** Blocks the event loop without using the processor, until killed or left by the parent. */
function hang(): void {
  const parent = process.ppid
  const never = new Int32Array(new SharedArrayBuffer(4))
  setTimeout(() => {
    while (process.ppid === parent) Atomics.wait(never, 0, 0, 500)
    process.exit(1)
  }, 20)
}

function leak(): FaultActions {
  let kept: Buffer[] = []
  let timer: NodeJS.Timeout | undefined
  return {
    start: () => {
      timer = setInterval(() => {
        if (kept.length * leakStepBytes < leakBytesMax)
          kept.push(Buffer.allocUnsafeSlow(leakStepBytes).fill(1))
      }, leakStepMs)
    },
    stop: () => {
      clearInterval(timer)
      kept = []
      // The supervisor starts services with --expose-gc, so that what was kept is given back at once.
      globalThis.gc?.()
    },
  }
}
