// Free ports on loopback.
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { preferredPorts } from './catalogue.ts'
import type { PortName } from './catalogue.ts'

const triesMax = 200

/**
 * A free port for every socket of the arcade: the preferred one or the next free above it, or any
 * with `0`. All are held until all are found, so that no two get the same.
 */
export async function findPorts(wish: 'preferred' | 0): Promise<Record<PortName, number>> {
  const held: Server[] = []
  try {
    const found: [string, number][] = []
    for (const [name, preferred] of Object.entries(preferredPorts)) {
      const server = await holdPort(wish === 0 ? 0 : preferred, name)
      held.push(server)
      found.push([name, (server.address() as { port: number }).port])
    }
    return Object.fromEntries(found) as Record<PortName, number>
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

async function holdPort(from: number, name: string): Promise<Server> {
  for (let port = from; port < from + triesMax; port++) {
    const server = await tryPort(port)
    if (server) return server
  }
  throw new Error(`cannot find a port for ${name}: all from ${from} to ${from + triesMax} are busy`)
}

function tryPort(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
