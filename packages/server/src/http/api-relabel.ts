/** `/targets/relabel_steps`: what each relabelling rule of a job makes of a target, one after the other. */
import { Labels } from '@vigie/model'
import { type RelabelConfig, compileRelabel } from '@vigie/scrape'
import type { Vigie } from '../vigie.ts'
import { type Answer, type Call, json } from './answer.ts'
import { badData } from './api-error.ts'

export function relabelSteps({ params, vigie }: Call): Answer {
  const rules = poolOf(vigie, params.get('scrapePool') ?? '').relabelConfigs
  let labels: Labels | undefined = labelsOf(params.get('labels') ?? '')
  const steps = rules.map((rule) => {
    if (labels !== undefined) labels = compileRelabel([rule])!(labels)
    return { rule: ruleJson(rule), output: labels?.toObject() ?? {}, keep: labels !== undefined }
  })
  return json({ steps })
}

/** The job of that name. Throws ApiError when none is given, or there is none. */
export function poolOf(vigie: Vigie, name: string): ReturnType<Vigie['scrape']['jobs']>[number] {
  if (name === '') throw badData('no scrapePool parameter provided')
  const job = vigie.scrape.jobs().find((one) => one.name === name)
  if (job === undefined) throw badData(`scrape pool ${JSON.stringify(name)} not found`)
  return job
}

function labelsOf(text: string): Labels {
  if (text === '') throw badData('no labels parameter provided')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw badData(`error parsing labels: ${(error as Error).message}`)
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject || !Object.values(value as object).every((one) => typeof one === 'string'))
    throw badData('error parsing labels: expected an object of texts')
  return Labels.fromObject(value as Record<string, string>)
}

/** A rule with its defaults filled in; what is empty is left out, as in Prometheus. */
function ruleJson(rule: RelabelConfig): object {
  const {
    sourceLabels = [],
    separator = ';',
    regex = '(.*)',
    modulus = 0,
    targetLabel = '',
    replacement = '$1',
    action = 'replace',
  } = rule
  return {
    ...(sourceLabels.length === 0 ? {} : { source_labels: sourceLabels }),
    ...(separator === '' ? {} : { separator }),
    regex,
    ...(modulus === 0 ? {} : { modulus }),
    ...(targetLabel === '' ? {} : { target_label: targetLabel }),
    ...(replacement === '' ? {} : { replacement }),
    action,
  }
}
