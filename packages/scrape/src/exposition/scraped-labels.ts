/** Labels of one series while they are read from a body. */

/**
 * Adds a label. As in Prometheus, two values of one name are too many, but an empty one takes all
 * others of its name away.
 */
export function addLabel(
  byName: Map<string, string>,
  name: string,
  value: string,
  error: (message: string) => Error,
): void {
  const other = byName.get(name)
  if (other !== undefined && other !== '' && value !== '')
    throw error(`label name "${name}" is not unique: invalid sample`)
  byName.set(name, other === undefined ? value : '')
}
