/** What went wrong on the way to a target, in words for somebody who looks at a red tile. */

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset by the target'],
  ['EPIPE', 'connection closed by the target'],
  ['ETIMEDOUT', 'connection timed out'],
  ['EHOSTUNREACH', 'no route to host'],
  ['ENETUNREACH', 'network is unreachable'],
  ['EAI_AGAIN', 'name server did not answer'],
  ['UND_ERR_SOCKET', 'connection closed before the answer was complete'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connection timed out'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'answer is shorter or longer than it said'],
  ['UND_ERR_HEADERS_OVERFLOW', 'answer has too many headers'],
  ['CERT_HAS_EXPIRED', 'certificate has expired'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate is self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate chain is self-signed'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate is signed by an unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate is signed by an unknown authority'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'answer is not TLS'],
])

/** `cause` is what a socket, a resolver or the HTTP client threw. */
export function explainNetworkError(cause: unknown, target: string): string {
  const error = cause as NodeJS.ErrnoException & { hostname?: string }
  const code = error.code ?? ''
  if (code === 'ENOTFOUND') return `no such host ${JSON.stringify(error.hostname ?? target)}`
  if (code.startsWith('HPE_') || error.name === 'HTTPParserError')
    return `answer is not HTTP: ${error.message}`
  const reason = REASONS.get(code)
  if (reason !== undefined) return reason
  return error.message === '' ? code || 'unknown network error' : error.message
}
