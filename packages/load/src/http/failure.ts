/**
 * Why a request failed: k6's code and short text (what the response and the tags say), and Go's whole
 * sentence (what log lines and exceptions say).
 */

export class HttpFailure extends Error {
  /** k6's error_code. */
  readonly code: number
  /** Go's own words where they differ from the message. */
  readonly detail: string

  constructor(code: number, message: string, detail: string = message) {
    super(message)
    this.name = 'HttpFailure'
    this.code = code
    this.detail = detail
  }
}

type Phase = 'lookup' | 'dial' | 'tls' | 'write' | 'read'

/** Where a failure happened, for Go's sentences. */
export interface Place {
  host: string
  /** `address:port`. */
  remote: string
  /** `address:port` of our end; '' when there is none. */
  local: string
}

const UNKNOWN_AUTHORITY = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** OpenSSL's reasons for "these are not TLS records". */
const NOT_TLS = /wrong version number|packet length too long|unknown protocol|http request/i

/** TLS alerts of the server: OpenSSL's name -> Go's. */
const ALERTS: readonly (readonly [RegExp, string])[] = [
  [/alert handshake failure/i, 'remote error: tls: handshake failure'],
  [/alert protocol version/i, 'remote error: tls: protocol version not supported'],
  [/alert certificate required/i, 'remote error: tls: certificate required'],
  [/alert bad certificate/i, 'remote error: tls: bad certificate'],
  [/alert unknown ca/i, 'remote error: tls: unknown certificate authority'],
  [/alert unrecognized name|alert.*112/i, 'remote error: tls: unrecognized name'],
  [/alert no application protocol/i, 'remote error: tls: no application protocol'],
  [/alert internal error/i, 'remote error: tls: internal error'],
  [/unsupported protocol/i, 'tls: server selected unsupported protocol version'],
]

/** errno and text of system errors, as Go prints them on Linux. */
const ERRNO = new Map<string, [errno: number, text: string]>([
  ['EHOSTUNREACH', [113, 'no route to host']],
  ['ENETUNREACH', [101, 'network is unreachable']],
  ['EADDRNOTAVAIL', [99, 'cannot assign requested address']],
  ['EADDRINUSE', [98, 'address already in use']],
  ['EACCES', [13, 'permission denied']],
  ['EPERM', [1, 'operation not permitted']],
  ['EINVAL', [22, 'invalid argument']],
  ['EMFILE', [24, 'too many open files']],
  ['ECONNABORTED', [103, 'software caused connection abort']],
])

/** Translates what Node's sockets report. */
export function failureOf(error: NodeJS.ErrnoException, phase: Phase, place: Place): HttpFailure {
  const code = error.code ?? ''
  if (phase === 'lookup') return lookupFailure(code, error, place)
  const path =
    phase === 'dial' || place.local === ''
      ? `tcp ${place.remote}`
      : `tcp ${place.local}->${place.remote}`
  const op = phase === 'tls' ? 'read' : phase
  if (code === 'ECONNREFUSED') {
    return new HttpFailure(
      1212,
      'dial: connection refused',
      `dial ${path}: connect: connection refused`,
    )
  }
  if (code === 'ECONNRESET') {
    if (phase === 'tls' && error.syscall === undefined) return new HttpFailure(1000, 'EOF')
    const text = `${op}: connection reset by peer`
    const call = op === 'dial' ? 'connect' : op
    return new HttpFailure(1220, text, `${op} ${path}: ${call}: connection reset by peer`)
  }
  if (code === 'EPIPE')
    return new HttpFailure(1201, 'write: broken pipe', `write ${path}: write: broken pipe`)
  if (code === 'ETIMEDOUT') {
    return phase === 'dial'
      ? new HttpFailure(1211, 'dial: i/o timeout', `dial ${path}: i/o timeout`)
      : new HttpFailure(1050, 'request timeout')
  }
  const errno = ERRNO.get(code)
  if (errno !== undefined) {
    const detail = `${op} ${path}: ${op === 'dial' ? 'connect' : op}: ${errno[1]}`
    return phase === 'dial'
      ? new HttpFailure(
          1213,
          `dial: unknown errno ${errno[0]} error with msg \`${errno[1]}\``,
          detail,
        )
      : new HttpFailure(1200, detail)
  }
  if (phase === 'tls') return tlsFailure(code, error, place)
  if (phase === 'dial') return new HttpFailure(1210, `dial ${path}: ${error.message}`)
  return new HttpFailure(1000, error.message)
}

function lookupFailure(code: string, error: Error, { host }: Place): HttpFailure {
  if (['ENOTFOUND', 'ENODATA', 'EAI_NONAME', 'EAI_NODATA', 'EAI_AGAIN'].includes(code))
    return noSuchHost(host)
  return new HttpFailure(1100, `lookup ${host}: ${error.message}`)
}

export function noSuchHost(host: string): HttpFailure {
  return new HttpFailure(1101, 'lookup: no such host', `lookup ${host}: no such host`)
}

function tlsFailure(code: string, error: Error, { host }: Place): HttpFailure {
  if (UNKNOWN_AUTHORITY.has(code)) {
    return new HttpFailure(
      1310,
      'x509: unknown authority',
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    )
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = (error as Error & { cert?: { subjectaltname?: string } }).cert?.subjectaltname
    const valid = (names ?? '')
      .split(', ')
      .map((name) => name.replace(/^(DNS|IP Address):/, ''))
      .join(', ')
    return new HttpFailure(
      1311,
      "x509: certificate doesn't match hostname",
      `tls: failed to verify certificate: x509: certificate is valid for ${valid}, not ${host}`,
    )
  }
  if (code === 'CERT_HAS_EXPIRED')
    return new HttpFailure(
      1000,
      'x509: certificate has expired or is not yet valid',
      'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
    )
  if (NOT_TLS.test(error.message))
    return new HttpFailure(1301, 'tls: first record does not look like a TLS handshake')
  for (const [pattern, text] of ALERTS) {
    if (!pattern.test(error.message)) continue
    return text.startsWith('remote error: ')
      ? new HttpFailure(1010, text)
      : new HttpFailure(1000, text)
  }
  return new HttpFailure(1000, `tls: ${error.message}`)
}
