/** `otlp:` of prometheus.yml. */
import { z } from 'zod'
import { OTLP_STRATEGIES, type OtlpSettings } from '@vigie/remote'
import { flag, list, text } from './fields.ts'
import type { YamlSource } from './source.ts'

export const otlpSection = z.strictObject({
  promote_all_resource_attributes: flag.default(false),
  promote_resource_attributes: list(text),
  ignore_resource_attributes: list(text),
  translation_strategy: z
    .enum(OTLP_STRATEGIES, {
      error: ({ input }) =>
        `found ${JSON.stringify(input)}, expected one of ${OTLP_STRATEGIES.join(', ')}`,
    })
    .default('UnderscoreEscapingWithSuffixes'),
  keep_identifying_resource_attributes: flag.default(false),
  convert_histograms_to_nhcb: flag.default(false),
  promote_scope_metadata: flag.default(false),
  label_name_underscore_sanitization: flag.default(true),
  label_name_preserve_multiple_underscores: flag.default(true),
})

type Section = z.infer<typeof otlpSection>

export function otlpSettings(source: YamlSource, section: Section): OtlpSettings {
  const isAllBut = section.promote_all_resource_attributes
  const promoted = section.promote_resource_attributes
  const ignored = section.ignore_resource_attributes
  if (isAllBut && promoted.length > 0)
    source.report(
      ['otlp', 'promote_resource_attributes'],
      'cannot be configured together with promote_all_resource_attributes',
    )
  if (!isAllBut && ignored.length > 0)
    source.report(
      ['otlp', 'ignore_resource_attributes'],
      'cannot be configured unless promote_all_resource_attributes is true',
    )
  return {
    strategy: section.translation_strategy,
    promoted: {
      isAllBut,
      names: isAllBut
        ? attributeNames(source, 'ignore_resource_attributes', ignored)
        : attributeNames(source, 'promote_resource_attributes', promoted),
    },
    keepIdentifying: section.keep_identifying_resource_attributes,
    toCustomBuckets: section.convert_histograms_to_nhcb,
    promoteScope: section.promote_scope_metadata,
    isUnderscoreMarked: section.label_name_underscore_sanitization,
    areUnderscoresKept: section.label_name_preserve_multiple_underscores,
  }
}

function attributeNames(source: YamlSource, key: string, names: readonly string[]): Set<string> {
  const seen = new Set<string>()
  names.forEach((written, i) => {
    const name = written.trim()
    const problem =
      name === ''
        ? 'empty resource attribute'
        : seen.has(name)
          ? `duplicated resource attribute ${JSON.stringify(name)}`
          : undefined
    if (problem !== undefined) source.report(['otlp', key, i], problem)
    seen.add(name)
  })
  return seen
}
