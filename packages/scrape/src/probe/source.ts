/**
 * A probe as the body of a target: the same loop that scrapes stores it. `up` follows the probe, because
 * here it is the target itself that was asked, not an exporter in between.
 */
import { compileRegex } from '@vigie/model'
import type { ProbeModule } from '../config.ts'
import type { BodySource, CollectedBody } from '../loop/source.ts'
import type { Target } from '../target/target.ts'
import { probeHttp, type BodyTest, type BodyTests } from './http.ts'
import { ProbeResult } from './result.ts'
import { probeTcp } from './tcp.ts'

export class ProbeSource implements BodySource {
  readonly #module: ProbeModule
  readonly #target: Target
  readonly #userAgent: string
  readonly #tests: BodyTests

  /** Throws RegexError for an expression that does not compile. */
  constructor(module: ProbeModule, target: Target, userAgent: string) {
    this.#module = module
    this.#target = target
    this.#userAgent = userAgent
    this.#tests = {
      mustMatch: module.prober === 'http' ? module.failIfBodyNotMatchesRegexp.map(compileTest) : [],
      mustNotMatch: module.prober === 'http' ? module.failIfBodyMatchesRegexp.map(compileTest) : [],
    }
  }

  async collect(signal: AbortSignal): Promise<CollectedBody> {
    const result = await runProbe(
      this.#target.address,
      this.#module,
      this.#tests,
      this.#userAgent,
      this.#target.timeoutMs,
      signal,
    )
    return { body: Buffer.from(result.render()), format: 'prometheus', failure: result.failure }
  }
}

function compileTest(expression: string): BodyTest {
  const pattern = compileRegex(expression)
  return { expression, matches: (body) => pattern.matcher(body).find() }
}

async function runProbe(
  address: string,
  module: ProbeModule,
  tests: BodyTests,
  userAgent: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const result = new ProbeResult()
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(`no complete answer within ${timeoutMs / 1000} s`),
    timeoutMs,
  )
  const cancel = (): void => controller.abort('cancelled')
  signal.addEventListener('abort', cancel, { once: true })
  const startMs = performance.now()
  try {
    if (module.prober === 'http')
      await probeHttp(address, module, tests, userAgent, result, controller.signal)
    else await probeTcp(address, module, result, controller.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
  }
  result.set('probe_duration_seconds', (performance.now() - startMs) / 1000)
  result.set('probe_timeout_seconds', timeoutMs / 1000)
  result.set('probe_success', result.failure === '' ? 1 : 0)
  return result
}
