/** The run's TLS options as Node wants them, host by host. */
import { isIP } from 'node:net'
import type { ConnectionOptions, SecureVersion } from 'node:tls'
import { type NetworkOptions, matchHost } from './network.ts'

/** `alpn` in order of preference. */
export function tlsOptionsOf(
  { minVersion, maxVersion, ciphers, auth }: NetworkOptions['tls'],
  verifies: boolean,
  alpn: string[],
): (host: string) => ConnectionOptions {
  const isOld = ['TLSv1', 'TLSv1.1'].includes(minVersion)
  // OpenSSL refuses what belongs to old versions unless it is told that nothing has to be secure.
  const level = isOld ? '@SECLEVEL=0' : ''
  const base: ConnectionOptions = {
    rejectUnauthorized: verifies,
    ALPNProtocols: alpn,
    ...(minVersion === '' ? {} : { minVersion: minVersion as SecureVersion }),
    ...(maxVersion === '' ? {} : { maxVersion: maxVersion as SecureVersion }),
    ...(ciphers === null && level === ''
      ? {}
      : { ciphers: `${ciphers ?? 'DEFAULT'}${level === '' ? '' : `:${level}`}` }),
  }
  return (host) => {
    const own = auth.find(
      ({ domains }) => domains.length === 0 || matchHost(domains, host) !== undefined,
    )
    const identity = own ?? auth[0]
    return {
      ...base,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(identity === undefined
        ? {}
        : {
            cert: identity.cert,
            key: identity.key,
            ...(identity.password === undefined ? {} : { passphrase: identity.password }),
          }),
    }
  }
}
