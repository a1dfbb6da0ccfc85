/** From the settings of remote read to the storage together with the servers that they name. */
import type { Queryable } from '@vigie/model'
import { MergedQueryable, type PostRead, RemoteReader } from '@vigie/remote'
import { HttpClient } from '@vigie/scrape'
import { type Tsdb, crc32c, decodeWhole } from '@vigie/tsdb'
import type { RemoteReadSettings } from '../config/remote.ts'

/** A larger answer is an error. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024

export interface RemoteReaders {
  /** The storage first, then each server. */
  queryable: Queryable
  close(): Promise<void>
}

export function connectReaders(
  storage: Tsdb,
  settings: readonly RemoteReadSettings[],
  externalLabels: ReadonlyMap<string, string>,
): RemoteReaders {
  const clients: HttpClient[] = []
  const readers = settings.map((one) => {
    const client = new HttpClient(one.http, one.timeoutMs)
    clients.push(client)
    return new RemoteReader(
      {
        url: new URL(one.url).origin + new URL(one.url).pathname,
        requiredMatchers: one.requiredMatchers,
        readRecent: one.readRecent,
        externalLabels: one.filterExternalLabels ? externalLabels : new Map(),
        answerBytesMax: ANSWER_BYTES_MAX,
        post: postTo(client, one),
      },
      {
        decodeChunk: decodeWhole,
        crc32c,
        localStart: () => storage.stats().oldestMs ?? undefined,
      },
    )
  })
  return {
    queryable: new MergedQueryable(storage, readers),
    close: async () => {
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}

function postTo(client: HttpClient, { url, timeoutMs, headers }: RemoteReadSettings): PostRead {
  return async (body, own) => {
    const answer = await client.fetch({
      url,
      method: 'POST',
      isRepeatable: true,
      headers: { ...Object.fromEntries(headers), ...own },
      body,
      timeoutMs,
      bodySizeMax: ANSWER_BYTES_MAX,
      isCompressed: false,
    })
    return { status: answer.status, headers: answer.headers, body: answer.body }
  }
}
