/** The summary at the end of a run: on the screen, by the script's own function, and as files. */
import { LoadError } from '../errors.ts'
import { limitSentence } from '../generator/health.ts'
import type { GeneratorHealth } from '../generator/health.ts'
import type { RunOptions } from '../options.ts'
import type { RunSettings } from '../settings.ts'
import { type SummaryInput, summaryData, summaryExport } from '../summary/data.ts'
import { machineSummary } from '../summary/machine-readable.ts'
import { summaryText } from '../summary/text.ts'

export interface EndSummaryOptions {
  input: SummaryInput
  settings: RunSettings
  timeUnit: RunOptions['summaryTimeUnit']
  /** The script's name. */
  script: string
  nowMs: number
  /** What the generator says of itself; null: it did not run. */
  generator: GeneratorHealth | null
  /** The script's own summary; null: it has none. */
  handleSummary: ((data: unknown) => Promise<[string, string | Uint8Array][]>) | null
  stdout: (text: string) => void
  stderr: (text: string) => void
  writeFile: (path: string, content: string | Uint8Array) => void
  log: (level: 'warning' | 'error', message: string) => void
}

/** Writes what is wanted; returns the summary as plain text. */
export async function endSummary(options: EndSummaryOptions): Promise<string> {
  const { input, settings, script, nowMs, generator, log } = options
  const { engine, durationMs, trendStats } = input
  const data = summaryData(input)
  const machine = settings.newMachineReadableSummary
    ? machineSummary({ engine, durationMs, trendStats, script, nowMs })
    : null
  if (settings.summaryExport !== null)
    options.writeFile(
      settings.summaryExport,
      machine === null ? summaryExport(data) : JSON.stringify(machine, null, 4),
    )
  const textOf = (hasColour: boolean): string =>
    summaryText({
      mode: settings.summaryMode,
      total: engine.view(),
      ...engine.details(),
      thresholds: input.thresholds,
      generator,
      durationMs,
      trendStats,
      timeUnit: options.timeUnit,
      hasColour,
    })
  const plain = textOf(false)
  if (settings.summaryMode === 'disabled') return plain
  const written = await handled(options, machine ?? data)
  if (written === null) {
    options.stdout(`\n\n${textOf(!input.noColor)}\n`)
    return plain
  }
  const sentence = generator === null ? null : limitSentence(generator)
  if (sentence !== null) log('warning', sentence)
  for (const [to, content] of written)
    if (to === 'stdout' || to === 'stderr')
      options[to](typeof content === 'string' ? content : Buffer.from(content).toString('utf8'))
    else options.writeFile(to, content)
  return plain
}

/** Null: the script has no summary of its own, or it failed, and the default one is shown instead. */
async function handled(
  { handleSummary, log }: EndSummaryOptions,
  data: unknown,
): Promise<[string, string | Uint8Array][] | null> {
  if (handleSummary === null) return null
  try {
    return await handleSummary(data)
  } catch (error) {
    if (!(error instanceof LoadError)) throw error
    log('error', error.message)
    return null
  }
}
