/** Why a request failed, in k6's codes and words. */

export class HttpFailure extends Error {
  /** k6's error_code. */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'HttpFailure'
    this.code = code
  }
}

type Phase = 'lookup' | 'dial' | 'tls' | 'write' | 'read'

const BY_NODE_CODE = new Map<string, [code: number, message: string]>([
  ['ENOTFOUND', [1101, 'lookup: no such host']],
  ['EAI_AGAIN', [1101, 'lookup: no such host']],
  ['ECONNREFUSED', [1212, 'dial: connection refused']],
  ['EPIPE', [1201, 'write: broken pipe']],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', [1310, 'x509: certificate signed by unknown authority']],
  ['SELF_SIGNED_CERT_IN_CHAIN', [1310, 'x509: certificate signed by unknown authority']],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', [1310, 'x509: certificate signed by unknown authority']],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', [1310, 'x509: certificate signed by unknown authority']],
  ['ERR_TLS_CERT_ALTNAME_INVALID', [1311, "x509: certificate doesn't match hostname"]],
])

/** Translates what Node's sockets report. */
export function failureOf(error: NodeJS.ErrnoException, phase: Phase): HttpFailure {
  const known = BY_NODE_CODE.get(error.code ?? '')
  if (known !== undefined) return new HttpFailure(...known)
  if (error.code === 'ECONNRESET') {
    return phase === 'tls'
      ? new HttpFailure(1300, 'tls: connection reset by peer')
      : new HttpFailure(1220, `${phase}: connection reset by peer`)
  }
  if (error.code === 'ETIMEDOUT')
    return phase === 'dial'
      ? new HttpFailure(1211, 'dial: i/o timeout')
      : new HttpFailure(1200, `${phase}: i/o timeout`)
  if (phase === 'lookup') return new HttpFailure(1100, `lookup: ${error.message}`)
  if (phase === 'tls') return new HttpFailure(1300, `tls: ${error.message}`)
  if (phase === 'dial') return new HttpFailure(1213, `dial: ${error.message}`)
  return new HttpFailure(1000, error.message)
}
