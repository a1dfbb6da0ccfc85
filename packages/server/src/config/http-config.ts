/**
 * `http_config` of Prometheus: how to speak to somebody over HTTP, in scrape jobs, remote write and read.
 * Keys, what may not stand together and its error texts are Prometheus's.
 */
import type { HttpClientConfig, OAuth2Config, ProxyConfig, TlsConfig } from '@vigie/scrape'
import { z } from 'zod'
import { flag, list, scalar, text, tlsVersion } from './fields.ts'
import type { KeyPath, YamlSource } from './source.ts'

export type Env = Readonly<Record<string, string | undefined>>
/** Makes a path of the file absolute. */
export type At = (path: string) => string
/** What a file's words mean where it is read. */
export interface Surroundings {
  at: At
  env: Env
}

const basicAuth = z.strictObject({
  username: text.default(''),
  username_file: text.optional(),
  password: text.default(''),
  password_file: text.optional(),
})
const authorization = z.strictObject({
  type: text.default('Bearer'),
  credentials: text.optional(),
  credentials_file: text.optional(),
})
export const tlsConfig = z.strictObject({
  ca: text.optional(),
  ca_file: text.optional(),
  cert: text.optional(),
  cert_file: text.optional(),
  key: text.optional(),
  key_file: text.optional(),
  server_name: text.optional(),
  insecure_skip_verify: flag.default(false),
  min_version: tlsVersion.optional(),
  max_version: tlsVersion.optional(),
})
const header = z.strictObject({
  values: list(scalar),
  secrets: list(scalar),
  files: list(text),
})
const connectHeader = z.record(z.string(), z.array(scalar), {
  error: () => 'expected a map of lists',
})

const proxyKeys = {
  proxy_url: text.optional(),
  no_proxy: text.optional(),
  proxy_from_environment: flag.default(false),
  proxy_connect_header: connectHeader.optional(),
}
const oauth2 = z.strictObject({
  client_id: scalar.default(''),
  client_secret: text.optional(),
  client_secret_file: text.optional(),
  scopes: list(text),
  token_url: text.default(''),
  endpoint_params: z.record(z.string(), scalar, { error: () => 'expected a map' }).default({}),
  tls_config: tlsConfig.optional(),
  ...proxyKeys,
})

/** Of every section that has them among its own keys. */
export const httpConfigKeys = {
  basic_auth: basicAuth.optional(),
  authorization: authorization.optional(),
  bearer_token: text.optional(),
  bearer_token_file: text.optional(),
  oauth2: oauth2.optional(),
  tls_config: tlsConfig.optional(),
  follow_redirects: flag.default(true),
  /** Requests go by HTTP/1.1: servers answer the same. */
  enable_http2: flag.default(true),
  http_headers: z.record(z.string(), header, { error: () => 'expected a map' }).default({}),
  ...proxyKeys,
}

const httpConfig = z.strictObject(httpConfigKeys)
export type HttpSection = Partial<z.infer<typeof httpConfig>>
type ProxySection = Pick<HttpSection, keyof typeof proxyKeys>
export type TlsSection = z.infer<typeof tlsConfig>

/** `remote_write.sigv4`. */
export const sigv4 = z.strictObject({
  region: text.default(''),
  access_key: text.default(''),
  secret_key: text.default(''),
  profile: text.optional(),
  role_arn: text.optional(),
  external_id: text.optional(),
  use_fips_sts_endpoint: flag.default(false),
  service_name: text.optional(),
})
export type SigV4Section = z.infer<typeof sigv4>

const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-prometheus-scrape-timeout-seconds',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
])

const isGiven = (value: unknown): boolean => value !== undefined && value !== ''
const givenCount = (...values: unknown[]): number => values.filter(isGiven).length

/** Reports what one key alone cannot tell. */
export function checkHttpConfig(source: YamlSource, path: KeyPath, section: HttpSection): void {
  const problem = authProblem(section) ?? proxyProblem(section) ?? tlsProblem(section.tls_config)
  if (problem !== undefined) source.report(path, problem)
  for (const name of Object.keys(section.http_headers ?? {}))
    if (RESERVED_HEADERS.has(name.toLowerCase()))
      source.report(
        [...path, 'http_headers', name],
        `setting header ${JSON.stringify(canonical(name))} is not allowed`,
      )
  if (section.oauth2 === undefined) return
  const own = proxyProblem(section.oauth2) ?? tlsProblem(section.oauth2.tls_config)
  if (own !== undefined) source.report([...path, 'oauth2'], own)
}

function authProblem(section: HttpSection): string | undefined {
  const { basic_auth: basic, oauth2: token, authorization: auth } = section
  const bearers = givenCount(section.bearer_token, section.bearer_token_file)
  if (bearers > 1) return 'at most one of bearer_token & bearer_token_file must be configured'
  if (bearers > 0 && (basic !== undefined || token !== undefined))
    return 'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured'
  if (basic !== undefined && givenCount(basic.username, basic.username_file) > 1)
    return 'at most one of basic_auth username, username_file & username_ref must be configured'
  if (basic !== undefined && givenCount(basic.password, basic.password_file) > 1)
    return 'at most one of basic_auth password, password_file & password_ref must be configured'
  if (auth !== undefined) {
    if (bearers > 0) return 'authorization is not compatible with bearer_token & bearer_token_file'
    if (givenCount(auth.credentials, auth.credentials_file) > 1)
      return 'at most one of authorization credentials & credentials_file must be configured'
    if (auth.type.trim().toLowerCase() === 'basic')
      return 'authorization type cannot be set to "basic", use "basic_auth" instead'
  }
  if ([basic, token, auth].filter(isGiven).length > 1)
    return 'at most one of basic_auth, oauth2 & authorization must be configured'
  if (token === undefined) return undefined
  if (token.client_id === '') return 'oauth2 client_id must be configured'
  if (token.token_url === '') return 'oauth2 token_url must be configured'
  if (!URL.canParse(token.token_url))
    return `found ${JSON.stringify(token.token_url)} as oauth2 token_url, expected a URL`
  if (givenCount(token.client_secret, token.client_secret_file) > 1)
    return 'at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured'
  return undefined
}

function proxyProblem(section: ProxySection): string | undefined {
  const { proxy_url: url, no_proxy: noProxy, proxy_from_environment: isFromEnv } = section
  const hasHeaders = Object.keys(section.proxy_connect_header ?? {}).length > 0
  if (hasHeaders && isFromEnv !== true && !isGiven(url))
    return 'if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured'
  if (isFromEnv === true && isGiven(url))
    return 'if proxy_from_environment is configured, proxy_url must not be configured'
  if (isFromEnv === true && isGiven(noProxy))
    return 'if proxy_from_environment is configured, no_proxy must not be configured'
  if (!isGiven(url) && isGiven(noProxy))
    return 'if no_proxy is configured, proxy_url must also be configured'
  if (isGiven(url) && !(URL.canParse(url!) && /^https?:$/.test(new URL(url!).protocol)))
    return `found ${JSON.stringify(url)} as proxy_url, expected http://… or https://…`
  return undefined
}

function tlsProblem(tls: TlsSection | undefined): string | undefined {
  if (tls === undefined) return undefined
  if (givenCount(tls.ca, tls.ca_file) > 1)
    return 'at most one of ca, ca_file & ca_ref must be configured'
  const certs = givenCount(tls.cert, tls.cert_file)
  const keys = givenCount(tls.key, tls.key_file)
  if (certs > 1) return 'at most one of cert, cert_file & cert_ref must be configured'
  if (keys > 1) return 'at most one of key and key_file must be configured'
  if (certs > 0 && keys === 0)
    return 'exactly one of key or key_file must be configured when a client certificate is configured'
  if (keys > 0 && certs === 0)
    return 'exactly one of cert or cert_file must be configured when a client key is configured'
  return undefined
}

/** As Go writes header names. */
const canonical = (name: string): string =>
  name.toLowerCase().replaceAll(/(^|-)[a-z]/g, (part) => part.toUpperCase())

export function httpClient(section: HttpSection, { at, env }: Surroundings): HttpClientConfig {
  const { basic_auth: basic, authorization: auth, oauth2: token } = section
  const file = fileBy(at)
  const bearer =
    givenCount(section.bearer_token, section.bearer_token_file) === 0
      ? undefined
      : { credentials: section.bearer_token, credentialsFile: file(section.bearer_token_file) }
  return {
    followRedirects: section.follow_redirects,
    tls: section.tls_config === undefined ? undefined : clientTls(section.tls_config, at),
    basicAuth:
      basic === undefined
        ? undefined
        : {
            username: basic.username,
            usernameFile: file(basic.username_file),
            password: basic.password,
            passwordFile: file(basic.password_file),
          },
    authorization:
      auth === undefined
        ? bearer
        : {
            type: auth.type.trim() === '' ? 'Bearer' : auth.type.trim(),
            credentials: auth.credentials,
            credentialsFile: file(auth.credentials_file),
          },
    oauth2: token === undefined ? undefined : oauth2Of(token, { at, env }),
    ...headersOf(section, at),
    proxy: proxyOf(section, env),
  }
}

function oauth2Of(section: z.infer<typeof oauth2>, { at, env }: Surroundings): OAuth2Config {
  return {
    clientId: section.client_id,
    clientSecret: section.client_secret,
    clientSecretFile: fileBy(at)(section.client_secret_file),
    scopes: section.scopes,
    tokenUrl: section.token_url,
    endpointParams: new Map(Object.entries(section.endpoint_params)),
    tls: section.tls_config === undefined ? undefined : clientTls(section.tls_config, at),
    proxy: proxyOf(section, env),
  }
}

function headersOf(
  { http_headers: all = {} }: HttpSection,
  at: At,
): Pick<HttpClientConfig, 'headers' | 'secretHeaders' | 'headerFiles'> {
  const part = (
    pick: (one: z.infer<typeof header>) => readonly string[],
  ): ReadonlyMap<string, readonly string[]> | undefined => {
    const some = Object.entries(all)
      .map(([name, one]) => [name, pick(one)] as const)
      .filter(([, values]) => values.length > 0)
    return some.length === 0 ? undefined : new Map(some)
  }
  return {
    headers: part((one) => one.values),
    secretHeaders: part((one) => one.secrets),
    headerFiles: part((one) => one.files.map(at)),
  }
}

/** `HTTPS_PROXY` and its like count when the section asks for them. */
function proxyOf(section: ProxySection, env: Env): ProxyConfig | undefined {
  const connectHeaders =
    section.proxy_connect_header && new Map(Object.entries(section.proxy_connect_header))
  if (section.proxy_from_environment === true) {
    const of = (name: string): string => env[name] || env[name.toLowerCase()] || ''
    const [http, https] = [of('HTTP_PROXY'), of('HTTPS_PROXY')]
    return { http, https, noProxy: of('NO_PROXY'), connectHeaders, isFromEnvironment: true }
  }
  const { proxy_url: url, no_proxy: noProxy } = section
  if (!isGiven(url)) return undefined
  return { http: url, https: url, noProxy: isGiven(noProxy) ? noProxy : undefined, connectHeaders }
}

export function clientTls(section: TlsSection, at: At): TlsConfig {
  const file = fileBy(at)
  return {
    ca: section.ca,
    cert: section.cert,
    key: section.key,
    caFile: file(section.ca_file),
    certFile: file(section.cert_file),
    keyFile: file(section.key_file),
    serverName: section.server_name,
    insecureSkipVerify: section.insecure_skip_verify,
    minVersion: section.min_version,
    maxVersion: section.max_version,
  }
}

const fileBy =
  (at: At) =>
  (path: string | undefined): string | undefined =>
    path === undefined || path === '' ? undefined : at(path)
