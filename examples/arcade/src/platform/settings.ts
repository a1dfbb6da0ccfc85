// Reads a service's settings from its environment. A number that is not one is an error that names
// the variable; every problem is an Error thrown before the service listens.

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A whole number between `min` and `max`, or `fallback` when the variable is absent or empty. */
export function integerSetting(
  env: Environment,
  name: string,
  fallback: number,
  [min, max]: readonly [number, number],
): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max)
    throw new Error(`cannot read ${name}: got '${text}', want a whole number from ${min} to ${max}`)
  return value
}

/** The base URL of a peer, without a slash at the end. */
export function urlSetting(env: Environment, name: string, fallback: string): string {
  const text = env[name] || fallback
  if (!URL.canParse(text)) throw new Error(`cannot read ${name}: got '${text}', want a URL`)
  return text.replace(/\/+$/, '')
}

/** Text of a variable, or `fallback` when it is absent or empty. */
export function textSetting(env: Environment, name: string, fallback: string): string {
  return env[name] || fallback
}

/** The secret that portal and matchmaker share; the default is for this example only. */
export function tokenSecret(env: Environment): string {
  return textSetting(env, 'JWT_SECRET', 'an arcade on loopback has no secrets')
}
