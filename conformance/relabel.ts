/** Vectors of relabelling: rules with their outcome, validation, and target labels. */
import { readFileSync } from 'node:fs'
import { Labels } from '@vigie/model'
import {
  compileRelabel,
  isLegacyTargetLabel,
  relabelProblem,
  type NameScheme,
  type RelabelConfig,
} from '@vigie/scrape'
import type { SuiteResult } from './suite.ts'

/** Prometheus's keys, as in a configuration file. */
interface Rule {
  source_labels?: string[]
  separator?: string
  regex?: string
  modulus?: number
  target_label?: string
  replacement?: string
  action?: string
  name_validation_scheme?: NameScheme
}

interface Vectors {
  relabel: {
    input: Record<string, string>
    relabel_configs: Rule[]
    drop: boolean
    output: Record<string, string> | null
  }[]
  validate: { config: Rule; error: string | null }[]
  targetLabelLegacy: { target_label: string; validLegacy: boolean }[]
}

export function run(vectorsDir: string): Promise<SuiteResult> {
  const vectors: Vectors = JSON.parse(readFileSync(`${vectorsDir}/scrape/relabel.json`, 'utf8'))
  const failures: SuiteResult['failures'] = []
  const check = (name: string, got: string, want: string): void => {
    if (got !== want) failures.push({ name, reason: `got ${got}, want ${want}` })
  }
  vectors.relabel.forEach((one, index) => {
    const name = `relabel ${index}`
    try {
      const relabel = compileRelabel(one.relabel_configs.map(toConfig))!
      const got = relabel(Labels.fromObject(one.input))
      const want = one.drop ? undefined : Labels.fromObject(one.output!)
      check(name, String(got), String(want))
    } catch (error) {
      failures.push({ name, reason: String(error) })
    }
  })
  vectors.validate.forEach(({ config, error }, index) => {
    // Go's zero value of the action is the empty string, ours the default.
    const rule = { ...toConfig(config), action: config.action ?? '' }
    const got = relabelProblem(rule, config.name_validation_scheme ?? 'utf8') ?? ''
    const isAsWanted = error === null ? got === '' : got.includes(error)
    if (!isAsWanted)
      failures.push({ name: `validate ${index}`, reason: `got "${got}", want "${error ?? ''}"` })
  })
  for (const { target_label: text, validLegacy } of vectors.targetLabelLegacy)
    check(`target label ${text}`, String(isLegacyTargetLabel(text)), String(validLegacy))
  const total = vectors.relabel.length + vectors.validate.length + vectors.targetLabelLegacy.length
  return Promise.resolve({ suite: 'relabel', passed: total - failures.length, total, failures })
}

function toConfig(rule: Rule): RelabelConfig {
  return {
    sourceLabels: rule.source_labels,
    separator: rule.separator,
    regex: rule.regex,
    modulus: rule.modulus,
    targetLabel: rule.target_label,
    replacement: rule.replacement === 'DefaultRelabelConfig.Replacement' ? '$1' : rule.replacement,
    action: rule.action as RelabelConfig['action'],
  }
}
