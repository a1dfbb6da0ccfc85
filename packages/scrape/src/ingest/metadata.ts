/** HELP, TYPE and UNIT of a target's metric families, as last seen. */
import type { MetricMetadata, MetricType } from '../status.ts'

/** Families of one target that are remembered; more are ignored. */
const FAMILIES_MAX = 20_000
/** Characters of a help text that are remembered. */
const HELP_MAX = 4096

interface Family {
  type: MetricType
  help: string
  unit: string
}

export class MetadataCache {
  readonly #families = new Map<string, Family>()

  setType(name: string, type: MetricType): void {
    const family = this.#family(name)
    if (family !== undefined) family.type = type
  }

  setHelp(name: string, help: string): void {
    const family = this.#family(name)
    if (family !== undefined) family.help = help.slice(0, HELP_MAX)
  }

  setUnit(name: string, unit: string): void {
    const family = this.#family(name)
    if (family !== undefined) family.unit = unit
  }

  get size(): number {
    return this.#families.size
  }

  list(): MetricMetadata[] {
    return [...this.#families].map(([metric, family]) => ({ metric, ...family }))
  }

  #family(name: string): Family | undefined {
    let family = this.#families.get(name)
    if (family === undefined && this.#families.size < FAMILIES_MAX) {
      family = { type: 'unknown', help: '', unit: '' }
      this.#families.set(name, family)
    }
    return family
  }
}
