// The life of a service's process: metrics that every service has, listening, telling the parent
// that it is ready, and ending when told to or when the parent is gone.
import type { Server } from 'node:http'
import { Registry, collectDefaultMetrics } from 'prom-client'

/** A registry with `process_*` and `nodejs_*` in it. */
export function createRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 })
  return registry
}

/** Writes one line; the supervisor takes it into its log. */
export function say(message: string): void {
  process.stdout.write(message + '\n')
}

/** Listens on loopback. */
export function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Switches on the faults that the environment variable `FAULTS` names, comma-separated. */
export async function startFaults(
  faults: { start(name: string): Promise<boolean> },
  names: string,
): Promise<void> {
  for (const name of names.split(',').filter((one) => one !== '')) {
    if (!(await faults.start(name))) throw new Error(`cannot read FAULTS: no fault named '${name}'`)
  }
}

/**
 * Runs a service: `start` resolves when it is ready and returns how to end it. The process ends on
 * SIGTERM, SIGINT, and when the channel to its parent closes; at the latest two seconds after.
 */
export async function runProcess(start: () => Promise<() => Promise<void>>): Promise<void> {
  let isEnding = false
  let stop: () => Promise<void> = async () => {}
  const end = (): void => {
    if (isEnding) return
    isEnding = true
    setTimeout(() => process.exit(0), 2000).unref()
    void stop()
      .catch((error: unknown) => say(`while stopping: ${String(error)}`))
      .then(() => process.exit(0))
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.on('disconnect', end)
  // A pipe without a reader: the parent is gone, the channel says so too.
  process.stdout.on('error', end)
  try {
    stop = await start()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
  process.send?.({ ready: true })
}
