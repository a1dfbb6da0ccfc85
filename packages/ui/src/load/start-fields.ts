/** What the start form holds, as the request and as the same command in a terminal. */

export interface StartFields {
  script: string
  /** Texts as typed; '' is "as the script says". */
  vus: string
  duration: string
  iterations: string
  env: [name: string, value: string][]
  findLimit: boolean
}

export function startBody(fields: StartFields): Record<string, unknown> {
  const { script, vus, duration, iterations, findLimit } = fields
  const env = fields.env.filter(([name]) => name.trim() !== '')
  return {
    script,
    ...(vus === '' ? {} : { vus: Number(vus) }),
    ...(duration.trim() === '' ? {} : { duration: duration.trim() }),
    ...(iterations === '' ? {} : { iterations: Number(iterations) }),
    ...(env.length === 0
      ? {}
      : { env: Object.fromEntries(env.map(([name, value]) => [name.trim(), value])) }),
    ...(findLimit ? { findLimit } : {}),
  }
}

export function commandLine(fields: StartFields): string {
  const { script, vus, duration, iterations, env, findLimit } = fields
  return [
    'vigie load',
    ...(vus === '' ? [] : [`-u ${vus}`]),
    ...(duration.trim() === '' ? [] : [`-d ${duration.trim()}`]),
    ...(iterations === '' ? [] : [`-i ${iterations}`]),
    ...env.flatMap(([name, value]) =>
      name.trim() === '' ? [] : [`-e ${quoted(`${name.trim()}=${value}`)}`],
    ),
    ...(findLimit ? ['--find-limit'] : []),
    quoted(script),
  ].join(' ')
}

const quoted = (text: string): string =>
  /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
