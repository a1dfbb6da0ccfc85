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
export const INTERVAL_MS = 100
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

  /** Resolves when the target has been scraped and has this health; its last error. */
  async health(address: string, health: 'up' | 'down'): Promise<string> {
    await this.until(() => this.target(address)?.health === health)
    return this.target(address)!.lastError
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
