/** From the settings of remote write to endpoints that can be sent to: HTTP and relabelling are scraping's. */
import type { Post, RemoteWriteConfig } from '@vigie/remote'
import { HttpClient, type HttpClientConfig, compileRelabel } from '@vigie/scrape'
import type { RemoteWriteSettings } from '../config/remote.ts'

/** More of an answer is not read: it says at most what was wrong. */
const ANSWER_BYTES_MAX = 1024 * 1024

export function writeEndpoint(
  settings: RemoteWriteSettings,
  externalLabels: ReadonlyMap<string, string>,
): RemoteWriteConfig {
  const client = new HttpClient(withUser(settings), settings.timeoutMs)
  const post: Post = async (body, headers, timeoutMs) => {
    const answer = await client.fetch({
      url: settings.url,
      method: 'POST',
      headers: { ...Object.fromEntries(settings.headers), ...headers },
      body,
      timeoutMs,
      bodySizeMax: ANSWER_BYTES_MAX,
      isCompressed: false,
    })
    return { status: answer.status, headers: answer.headers, body: answer.body.toString('utf8') }
  }
  return {
    url: withoutPassword(settings.url),
    name: settings.name,
    fingerprint: JSON.stringify([settings.fingerprint, [...externalLabels]]),
    timeoutMs: settings.timeoutMs,
    protocol: settings.protocol,
    sendExemplars: settings.sendExemplars,
    sendNativeHistograms: settings.sendNativeHistograms,
    queue: settings.queue,
    metadata: settings.metadata,
    relabel: relabelOf(settings, externalLabels),
    post,
    close: () => client.close(),
  }
}

/** External labels come first, where a series has none of that name. */
function relabelOf(
  { writeRelabel }: RemoteWriteSettings,
  externalLabels: ReadonlyMap<string, string>,
): RemoteWriteConfig['relabel'] {
  const relabel = compileRelabel(writeRelabel)
  return (series) => {
    let labels = series
    for (const [name, value] of externalLabels)
      if (!labels.has(name)) labels = labels.with(name, value)
    return relabel === undefined ? labels : relabel(labels)
  }
}

function withoutPassword(text: string): string {
  const url = new URL(text)
  url.username = ''
  url.password = ''
  return url.href
}

/** A user in the address counts as basic_auth does. */
function withUser({ url, http }: RemoteWriteSettings): HttpClientConfig {
  const { username, password } = new URL(url)
  if (username === '' || http.basicAuth !== undefined || http.authorization !== undefined)
    return http
  const basicAuth = {
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  }
  return { ...http, basicAuth }
}
