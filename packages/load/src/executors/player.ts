/** A VU as the executors see it: something that plays iterations of a scenario and can be interrupted. */
import { CookieJar } from '../http/cookies.ts'
import type { Outcome, Vu } from '../vu/vu.ts'
import { globalOf } from './stripes.ts'

export interface Player {
  /** Makes the VU one of the scenario's. */
  activate(scenario: number): void
  deactivate(): void
  /** Plays one iteration, the `number`-th of the scenario here; how long it took in ms, or null when it was interrupted. Never rejects. */
  iterate(number: number): Promise<number | null>
  /** Ends the iteration that is being played, at once. */
  interrupt(): void
  /** Closes connections; resolves when all samples were handed over. */
  close(): Promise<void>
}

type Callable = (...args: unknown[]) => unknown

/** A VU in this thread. */
export class LocalPlayer implements Player {
  readonly vu: Vu
  readonly #setupData: () => string | undefined
  /** The VU's own copy of what setup returned. */
  #data: { value: unknown } | null = null

  /** `setupData` is JSON; it is asked for when the first iteration starts. */
  constructor(vu: Vu, setupData: () => string | undefined) {
    this.vu = vu
    this.#setupData = setupData
  }

  activate(index: number): void {
    const { environment } = this.vu
    const scenario = environment.state.scenarios[index]!
    this.vu.activation = {
      scenario: index,
      iterationInScenario: -1,
      iterationInTest: 0,
      iterationInInstance: 0,
    }
    this.vu.groupPath = ''
    this.vu.setBaseTags(
      environment.samples.tags.of([
        ...environment.options.tags,
        ['group', ''],
        ...Object.entries(scenario.tags),
        ['scenario', scenario.name],
      ]),
    )
    this.vu.global['__ENV'] = { ...environment.env, ...scenario.env }
  }

  deactivate(): void {
    this.vu.activation = null
  }

  iterate(number: number): Promise<number | null> {
    const { vu } = this
    const { options, state } = vu.environment
    const activation = vu.activation!
    const scenario = state.scenarios[activation.scenario]!
    activation.iterationInScenario++
    activation.iterationInInstance = number
    activation.iterationInTest = globalOf(scenario.stripes, number)
    vu.global['__ITER'] = vu.iteration++
    if (!options.noCookiesReset && !vu.jar.isEmpty) vu.jar = new CookieJar(Date.now)
    if (vu.groupPath !== '') vu.enterGroup('')
    const start = performance.now()
    return vu
      .run('iteration', vu.exports[scenario.exec] as Callable, [this.#dataOf()])
      .then((outcome) => this.#ended(outcome, start))
  }

  #ended(outcome: Outcome, start: number): number | null {
    const { vu } = this
    if (outcome.kind === 'interrupted') {
      // No iteration, but what it sent and got was on the wire.
      if (vu.groupPath !== '') vu.enterGroup('')
      vu.sampleTraffic()
      return null
    }
    if (outcome.kind === 'threw') vu.reportError(outcome.error)
    if (vu.groupPath !== '') vu.enterGroup('')
    if (vu.environment.options.noVUConnectionReuse) vu.client.closeIdle()
    const elapsed = performance.now() - start
    vu.sampleIteration(elapsed)
    return elapsed
  }

  interrupt(): void {
    this.vu.interrupt()
  }

  close(): Promise<void> {
    this.vu.client.close()
    return Promise.resolve()
  }

  #dataOf(): unknown {
    const text = this.#setupData()
    if (text === undefined) return undefined
    this.#data ??= { value: JSON.parse(text) }
    return this.#data.value
  }
}
