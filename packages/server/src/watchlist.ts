/** What a Vigie without a configuration file watches: named on the command line or clicked in the browser. */
import { discoverListening, probeAddress } from '@vigie/scrape'
import type { WatchedTarget } from './config/generate.ts'

export interface AddedTarget {
  target: string
  kind: 'scrape' | 'probe'
  error: string | null
}

export interface DiscoveredTarget {
  url: string
  pid: number | null
  process: string | null
  samples: number
  watched: boolean
}

const TARGETS_MAX = 1000

export class Watchlist {
  readonly #targets: WatchedTarget[] = []

  get targets(): readonly WatchedTarget[] {
    return this.#targets
  }

  /** Finds out what each target is: scraped when it serves /metrics, probed otherwise. */
  async add(targets: readonly string[]): Promise<AddedTarget[]> {
    return Promise.all(targets.map((target) => this.#addOne(target)))
  }

  async #addOne(target: string): Promise<AddedTarget> {
    if (this.#targets.length >= TARGETS_MAX)
      return { target, kind: 'probe', error: `more than ${TARGETS_MAX} targets` }
    try {
      const found = await probeAddress(target)
      if (!this.#targets.some((one) => one.address === found.address && one.kind === found.kind))
        this.#targets.push({ ...found, target, name: this.#freeName(found.name) })
      return {
        target,
        kind: found.kind === 'scrape' ? 'scrape' : 'probe',
        error: found.error ?? null,
      }
    } catch (error) {
      return { target, kind: 'probe', error: (error as Error).message }
    }
  }

  #freeName(name: string): string {
    const taken = new Set(this.#targets.map((one) => one.name))
    let free = name
    for (let i = 2; taken.has(free); i++) free = `${name}-${i}`
    return free
  }

  /** The /metrics endpoints that listen on this machine, but for those below `ownPorts`. */
  async discovered(ownPorts: ReadonlySet<number>): Promise<DiscoveredTarget[]> {
    const found = await discoverListening()
    const watched = new Set(this.#targets.map((one) => one.address))
    return found
      .filter((one) => !ownPorts.has(Number(new URL(one.url).port)))
      .map((one) => ({ ...one, watched: watched.has(new URL(one.url).host) }))
  }
}
