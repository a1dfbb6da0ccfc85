/** Limits of a job on what its targets may serve. 0: none. */
import { quote, type Labels } from '@vigie/model'

export interface SampleLimits {
  sampleLimit: number
  labelLimit: number
  labelNameLengthLimit: number
  labelValueLengthLimit: number
}

/** A scrape that is given up; the message is the target's last error. */
export class ScrapeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ScrapeError'
  }
}

/** Throws ScrapeError when a series has too many labels, or too long ones. */
export function checkLabelLimits(labels: Labels, limits: SampleLimits): void {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = limits
  const metric = (): string => `metric: ${labels.metricName.slice(0, SHOWN_MAX)}`
  if (labelLimit > 0 && labels.size > labelLimit)
    throw new ScrapeError(
      `label_limit exceeded (${metric()}, number of labels: ${labels.size}, limit: ${labelLimit})`,
    )
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return
  for (const [name, value] of labels) {
    const shown = `${metric()}, label name: ${name.slice(0, SHOWN_MAX)}`
    if (labelNameLengthLimit > 0 && Buffer.byteLength(name) > labelNameLengthLimit)
      throw new ScrapeError(
        `label_name_length_limit exceeded (${shown}, length: ${Buffer.byteLength(name)}, limit: ${labelNameLengthLimit})`,
      )
    if (labelValueLengthLimit > 0 && Buffer.byteLength(value) > labelValueLengthLimit)
      throw new ScrapeError(
        `label_value_length_limit exceeded (${shown}, value: ${quote(value.slice(0, SHOWN_MAX))}, length: ${Buffer.byteLength(value)}, limit: ${labelValueLengthLimit})`,
      )
  }
}

const SHOWN_MAX = 50
