/**
 * Finding targets. A mechanism reports its groups whenever they change and is otherwise left alone;
 * the manager joins what the mechanisms of a job have reported.
 */
import type { DiscoveryConfig, TargetGroup } from '../config.ts'
import type { Logger } from '../logger.ts'
import { FileDiscovery } from './file.ts'

export interface Discovery {
  /** Reports the full list of groups, at once or later, and again whenever it changes. */
  start(report: (groups: readonly TargetGroup[]) => void): void
  stop(): void
}

class StaticDiscovery implements Discovery {
  readonly #groups: readonly TargetGroup[]

  constructor(groups: readonly TargetGroup[]) {
    this.#groups = groups
  }

  start(report: (groups: readonly TargetGroup[]) => void): void {
    report(this.#groups)
  }

  stop(): void {}
}

/** One for each mechanism that a job names. */
export function createDiscoveries(config: DiscoveryConfig, log: Logger): Discovery[] {
  return [
    new StaticDiscovery(config.staticConfigs),
    ...config.fileSdConfigs.map((one) => new FileDiscovery(one, log)),
  ]
}
