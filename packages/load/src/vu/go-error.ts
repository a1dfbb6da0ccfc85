/** Errors of the engine as scripts see them in k6: by the name GoError. */

export function goError(message: string): Error {
  const error = new Error(message)
  error.name = 'GoError'
  return error
}
