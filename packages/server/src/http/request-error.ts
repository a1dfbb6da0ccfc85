/** A refused request of Vigie's own API, answered as `{error}` with this status. */
export class RequestError extends Error {
  readonly statusCode: number
  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}
