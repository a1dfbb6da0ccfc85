/** Features of the language by the names of Prometheus's `--enable-feature`. */
import type { EngineOptions } from './engine.ts'

type Switch =
  | 'enableExperimentalFunctions'
  | 'enableExtendedRangeSelectors'
  | 'enableBinopFillModifiers'
  | 'enableDelayedNameRemoval'
  | 'enableTypeAndUnitLabels'
  | 'useStartTimestamps'

const SWITCHES: ReadonlyMap<string, Switch> = new Map<string, Switch>([
  ['promql-experimental-functions', 'enableExperimentalFunctions'],
  ['promql-extended-range-selectors', 'enableExtendedRangeSelectors'],
  ['promql-binop-fill-modifiers', 'enableBinopFillModifiers'],
  ['promql-delayed-name-removal', 'enableDelayedNameRemoval'],
  ['type-and-unit-labels', 'enableTypeAndUnitLabels'],
  ['use-start-timestamps', 'useStartTimestamps'],
])

/** What the named features switch on. Names that mean nothing to queries are passed over. */
export function featureOptions(names: Iterable<string>): EngineOptions {
  const options: EngineOptions = {}
  for (const name of names) {
    const option = SWITCHES.get(name)
    if (option !== undefined) options[option] = true
  }
  return options
}
