/** `vigie load` (and `vigie run`): joins a load run with a running Vigie, if there is one. */
import { LoadError, type PromqlQuery, parseLoadArgs, runLoad } from '@vigie/load'
import { findAddress } from './address.ts'

/** A threshold's query must not hold up the end of the run. */
const QUERY_TIMEOUT_MS = 10_000

export async function loadCommand(argv: readonly string[]): Promise<number> {
  const stderr = (text: string): void => void process.stderr.write(text)
  let args: ReturnType<typeof parseLoadArgs>
  try {
    args = parseLoadArgs([...argv])
  } catch (error) {
    if (!(error instanceof LoadError)) throw error
    stderr(`${error.message}\n`)
    return error.exitCode
  }
  const vigieUrl = args.vigie ?? process.env.VIGIE_URL ?? findAddress(process.cwd())?.url ?? null
  const interrupt = new AbortController()
  let interrupts = 0
  const onSignal = (): void => {
    // The second one means it.
    if (++interrupts > 1) process.exit(105)
    interrupt.abort()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  endWithStdin()
  return runLoad(
    {
      args,
      workerUrl: new URL('./load-worker.js', import.meta.url),
      vigieUrl,
      ...(vigieUrl === null ? {} : { promql: promqlOver(vigieUrl) }),
      ...(process.env.VIGIE_RUN_ID === undefined ? {} : { runId: process.env.VIGIE_RUN_ID }),
    },
    {
      stdout: (text) => void process.stdout.write(text),
      stderr,
      isTTY: process.stdout.isTTY === true,
      ...(process.stdout.columns === undefined ? {} : { columns: process.stdout.columns }),
      env: process.env,
      cwd: process.cwd(),
      now: Date.now,
      signal: interrupt.signal,
    },
  )
}

/** A run that another process started for itself ends when that one is gone. */
function endWithStdin(): void {
  if (process.env.VIGIE_END_WITH_STDIN === '1')
    process.stdin.on('end', () => process.exit(105)).resume()
}

interface QueryAnswer {
  error?: string
  data?: { resultType: string; result: unknown }
}

/** Instant queries to any Prometheus-compatible address. */
function promqlOver(baseUrl: string): PromqlQuery {
  return async (expr, timeMs) => {
    const body = new URLSearchParams({ query: expr })
    if (timeMs !== undefined) body.set('time', String(timeMs / 1000))
    const response = await fetch(new URL('api/v1/query', baseUrl.replace(/\/?$/, '/')), {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(QUERY_TIMEOUT_MS),
    })
    const answer = (await response.json()) as QueryAnswer
    if (answer.data === undefined)
      throw new Error(answer.error ?? `${baseUrl} answered ${response.status}`)
    if (answer.data.resultType === 'scalar')
      return [{ labels: {}, value: sampleValue((answer.data.result as [number, string])[1]) }]
    if (answer.data.resultType !== 'vector')
      throw new Error(`expected an instant vector, got ${answer.data.resultType}`)
    const rows = answer.data.result as { metric: Record<string, string>; value: [number, string] }[]
    return rows.map((row) => ({ labels: row.metric, value: sampleValue(row.value[1]) }))
  }
}

const sampleValue = (text: string): number =>
  text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text)
