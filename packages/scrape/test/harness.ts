/** A scrape manager over a recording storage, for tests that talk to real servers. */
import { onTestFinished } from 'vitest'
import {
  ScrapeManager,
  scrapeJob,
  type ActiveTarget,
  type Logger,
  type ScrapeJob,
  type TargetGroup,
} from '../src/index.ts'
import { RecordingStorage } from './recording-storage.ts'

const QUIET: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Scrapes often enough for a test, and aligned so that timestamps show. */
export const INTERVAL_MS = 200
const WAIT_MS = 10_000

export class Harness {
  readonly storage: RecordingStorage
  readonly manager: ScrapeManager

  constructor(storage = new RecordingStorage()) {
    this.storage = storage
    this.manager = new ScrapeManager({
      storage,
      now: Date.now,
      log: QUIET,
      userAgent: 'Vigie/test',
    })
    onTestFinished(() => this.manager.stop())
  }

  target(address: string): ActiveTarget | undefined {
    return this.manager.targets().active.find((one) => one.labels.get('instance') === address)
  }

  /** Resolves after a commit with which `isDone` holds. */
  async until(isDone: () => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('waited in vain')), WAIT_MS)
      // The loop notes health and error after its commit.
      this.storage.onCommit = () => setImmediate(() => isDone() && resolve())
      if (isDone()) resolve()
    })
    clearTimeout(timer)
  }

  /** Resolves when the last scrape of the target was good. */
  async up(address: string): Promise<void> {
    await this.until(() => this.target(address)?.health === 'up')
  }

  /** Resolves when the target is down for this reason. */
  async down(address: string, reason: string | RegExp): Promise<void> {
    const isReason = (error: string): boolean =>
      typeof reason === 'string' ? error === reason : reason.test(error)
    await this.until(() => {
      const target = this.target(address)
      return target?.health === 'down' && isReason(target.lastError)
    }).catch(() => {
      const target = this.target(address)
      throw new Error(
        `${address} is ${target?.health} with <${target?.lastError}>, want <${String(reason)}>`,
      )
    })
  }
}

export const groups = (...targets: string[]): TargetGroup[] => [{ targets, labels: new Map() }]

export function job(
  targets: string[],
  settings: Partial<Omit<ScrapeJob, 'kind' | 'name'>> = {},
  name = 'j',
): ScrapeJob {
  return scrapeJob(name, {
    intervalMs: INTERVAL_MS,
    staticConfigs: groups(...targets),
    ...settings,
  })
}
