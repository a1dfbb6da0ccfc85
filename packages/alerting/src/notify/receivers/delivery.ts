/** What every integration does: hand one message over, and say how that went. */
import type { MessageTemplates } from '../message-template.ts'
import type { Message } from '../template-data.ts'

export interface Delivery {
  templates: MessageTemplates
  signal: AbortSignal
}

/** The receiver did not take the message. */
export class DeliveryError extends Error {
  /** Whether the same message may be taken later. */
  readonly isRetryable: boolean
  /** What it answered, shortened. */
  readonly response: string | null

  constructor(
    message: string,
    isRetryable: boolean,
    response: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'DeliveryError'
    this.isRetryable = isRetryable
    this.response = response
  }
}

/** Hands over; resolves with what was answered, shortened. Rejects with DeliveryError. */
export type Send<Config> = (config: Config, message: Message, delivery: Delivery) => Promise<string>
