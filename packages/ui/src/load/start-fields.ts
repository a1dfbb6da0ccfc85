/** What the start form holds, as the request and as the same command in a terminal. */

export interface StartFields {
  script: string
  /** Texts as typed; '' is "as the script says". */
  vus: string
  duration: string
  iterations: string
  env: [name: string, value: string][]
  findLimit: boolean
  /** How long each load of a search is held. */
  hold: string
  checkAfter: boolean
}

export function startBody(fields: StartFields): Record<string, unknown> {
  const { script, vus, iterations, findLimit, checkAfter } = fields
  const [duration, hold] = [fields.duration.trim(), fields.hold.trim()]
  const env = namedOf(fields)
  return {
    script,
    ...(vus === '' ? {} : { vus: Number(vus) }),
    ...(duration === '' ? {} : { duration }),
    ...(iterations === '' ? {} : { iterations: Number(iterations) }),
    ...(env.length === 0 ? {} : { env: Object.fromEntries(env) }),
    ...(findLimit ? { findLimit } : {}),
    ...(findLimit && hold !== '' ? { hold } : {}),
    ...(checkAfter ? { checkAfter } : {}),
  }
}

export function commandLine(fields: StartFields): string {
  const { script, vus, iterations, findLimit, checkAfter } = fields
  const [duration, hold] = [fields.duration.trim(), fields.hold.trim()]
  return [
    'vigie load',
    ...(vus === '' ? [] : [`-u ${vus}`]),
    ...(duration === '' ? [] : [`-d ${duration}`]),
    ...(iterations === '' ? [] : [`-i ${iterations}`]),
    ...namedOf(fields).map(([name, value]) => `-e ${quoted(`${name}=${value}`)}`),
    ...(findLimit ? ['--find-limit'] : []),
    ...(findLimit && hold !== '' ? [`--hold ${hold}`] : []),
    ...(checkAfter ? ['--check-after'] : []),
    quoted(script),
  ].join(' ')
}

/** Rows without a name are not filled in yet. */
const namedOf = ({ env }: StartFields): [string, string][] =>
  env.flatMap(([name, value]) => (name.trim() === '' ? [] : [[name.trim(), value]]))

const quoted = (text: string): string =>
  /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
