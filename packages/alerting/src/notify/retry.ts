/** Sending until it works, a limit is reached, or the receiver says that it never will. */
import type { NotificationChange } from './inbox.ts'
import type { MessageTemplates } from './message-template.ts'
import type { Integration } from './receiver-config.ts'
import { DeliveryError } from './receivers/delivery.ts'
import { send } from './receivers/send.ts'
import type { Message } from './template-data.ts'

const BACKOFF_FIRST_MS = 500
const BACKOFF_FACTOR = 1.5
const BACKOFF_MAX_MS = 60_000
const ATTEMPTS_MAX = 20

export interface RetryOptions {
  templates: MessageTemplates
  signal: AbortSignal
  attemptTimeoutMs: number
  totalTimeoutMs: number
  /** After every attempt. */
  onAttempt: (change: NotificationChange) => void
}

export interface Outcome {
  isSent: boolean
  attempts: number
  error: string | null
  /** What was answered, shortened. */
  response: string | null
}

/** Never rejects. */
export async function sendWithRetries(
  integration: Integration,
  message: Message,
  options: RetryOptions,
): Promise<Outcome> {
  const { templates, attemptTimeoutMs, totalTimeoutMs, onAttempt } = options
  const overall = AbortSignal.any([options.signal, AbortSignal.timeout(totalTimeoutMs)])
  for (let attempts = 1; ; attempts++) {
    const signal = AbortSignal.any([overall, AbortSignal.timeout(attemptTimeoutMs)])
    try {
      const response = await send(integration, message, { templates, signal })
      onAttempt({ status: 'sent', attempts, error: null, response })
      return { isSent: true, attempts, error: null, response }
    } catch (cause) {
      const error = (cause as Error).message
      const response = cause instanceof DeliveryError ? cause.response : null
      const isRetryable = cause instanceof DeliveryError && cause.isRetryable
      const isOver = !isRetryable || attempts >= ATTEMPTS_MAX || overall.aborted
      onAttempt({ status: isOver ? 'failed' : 'retrying', attempts, error, response })
      if (isOver) return { isSent: false, attempts, error, response }
      await pause(backoffMs(attempts), overall)
      if (overall.aborted) {
        onAttempt({ status: 'failed' })
        return { isSent: false, attempts, error, response }
      }
    }
  }
}

/** Grows with every attempt; half of it by chance, so that senders do not march in step. */
function backoffMs(attempts: number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * BACKOFF_FACTOR ** (attempts - 1))
  return full * (0.5 + Math.random())
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, delayMs)
    signal.addEventListener('abort', done)
  })
}
