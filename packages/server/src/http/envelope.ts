/** What stands around the data of a successful answer of the Prometheus API. */

/** Prometheus lists this many warnings, and as many infos, and counts the rest. */
const ANNOTATIONS_MAX = 10

/** Before the data. */
export const SUCCESS_START = '{"status":"success","data":'

/** After the data. */
export function successEnd(
  warnings: readonly string[] = [],
  infos: readonly string[] = [],
): string {
  let out = ''
  if (warnings.length > 0) out += `,"warnings":${JSON.stringify(capped(warnings, 'warning'))}`
  if (infos.length > 0) out += `,"infos":${JSON.stringify(capped(infos, 'info'))}`
  return out + '}'
}

function capped(annotations: readonly string[], kind: string): readonly string[] {
  if (annotations.length <= ANNOTATIONS_MAX) return annotations
  const rest = annotations.length - ANNOTATIONS_MAX
  return [...annotations.slice(0, ANNOTATIONS_MAX), `${rest} more ${kind} annotations omitted`]
}

/** The warning when a list was cut to `limit`; 0 is no limit. */
export const cutWarning = (count: number, limit: number): string[] =>
  limit > 0 && count > limit ? ['results truncated due to limit'] : []
