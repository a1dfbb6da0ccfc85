/** `/notifications/live`: the server's notifications as they come, as server-sent events. */
import type { FastifyReply } from 'fastify'
import type { Vigie } from '../vigie.ts'

/** Told at times, so that whatever stands between does not take the connection for dead. */
const KEEP_ALIVE_MS = 15_000

export async function liveNotifications(reply: FastifyReply, vigie: Vigie): Promise<void> {
  const { raw } = reply
  const unsubscribe = vigie.notifications.subscribe((one) => {
    if (!raw.headersSent) start()
    raw.write(`data: ${JSON.stringify(one)}\n\n`)
  })
  // Prometheus says so when as many listen as may.
  if (unsubscribe === undefined) {
    await reply.code(204).send()
    return
  }
  start()
  const timer = setInterval(() => raw.write(':\n\n'), KEEP_ALIVE_MS)
  raw.once('close', () => {
    clearInterval(timer)
    unsubscribe()
  })

  function start(): void {
    if (raw.headersSent) return
    reply.hijack()
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
    })
    raw.flushHeaders()
  }
}
