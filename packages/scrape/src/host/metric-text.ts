/** Puts metric families together as text format 0.0.4. */
import { formatValue } from '@vigie/model'

export type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>]

export class MetricText {
  #text = ''

  /** A family without samples is left out. */
  add(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (const [value, labels] of samples)
      this.#text += `${name}${show(labels)} ${formatValue(value)}\n`
  }

  gauge(name: string, help: string, value: number | undefined): void {
    if (value !== undefined) this.add(name, 'gauge', help, [[value]])
  }

  counter(name: string, help: string, value: number | undefined): void {
    if (value !== undefined) this.add(name, 'counter', help, [[value]])
  }

  toString(): string {
    return this.#text
  }
}

function show(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return ''
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`)
  return `{${pairs.join(',')}}`
}

const escapeValue = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
