/** What a probe reports about the TLS of a connection. */
import type { PeerCertificate, TLSSocket } from 'node:tls'
import type { ProbeResult } from './result.ts'

/** A chain is a handful of certificates; a loop ends here at the latest. */
const CHAIN_MAX = 20

export function reportTls(socket: TLSSocket, result: ProbeResult): void {
  let expiry = Infinity
  let certificate: PeerCertificate | undefined = socket.getPeerCertificate(true)
  for (let i = 0; i < CHAIN_MAX && certificate?.valid_to !== undefined; i++) {
    expiry = Math.min(expiry, Date.parse(certificate.valid_to) / 1000)
    const issuer: PeerCertificate | undefined = (
      certificate as PeerCertificate & { issuerCertificate?: PeerCertificate }
    ).issuerCertificate
    certificate = issuer === certificate ? undefined : issuer
  }
  if (Number.isFinite(expiry)) result.set('probe_ssl_earliest_cert_expiry', expiry)
  const version = socket.getProtocol()?.replace('TLSv', 'TLS ') ?? 'unknown'
  result.set('probe_tls_version_info', 1, `version="${version}"`)
}
