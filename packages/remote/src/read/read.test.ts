import { Labels, Matcher, type Queryable, SampleColumns, type SeriesSet } from '@vigie/model'
import { describe, expect, test } from 'vitest'
import {
  ReadResponseWriter,
  SAMPLES,
  STREAMED_XOR_CHUNKS,
  decodeReadRequest,
  encodeReadRequest,
} from '../wire/read.ts'
import { MergedQueryable } from './merged-queryable.ts'
import { type RemoteReadConfig, RemoteReader } from './remote-reader.ts'

const MAX = 1 << 20
const MATCHERS = [
  new Matcher('=', '__name__', 'up'),
  new Matcher('!=', 'a', ''),
  new Matcher('=~', 'b', 'x.*'),
  new Matcher('!~', 'c', 'y'),
]

test('a request comes back as it was', () => {
  const accepted = [STREAMED_XOR_CHUNKS, SAMPLES]
  const queries = [{ minT: -5, maxT: 1_795_359_544_542, matchers: MATCHERS }]
  const got = decodeReadRequest(encodeReadRequest({ queries, accepted }), MAX)
  expect(got.accepted).toEqual(accepted)
  expect(got.queries[0]).toMatchObject({ minT: -5, maxT: 1_795_359_544_542 })
  expect(got.queries[0].matchers.map(String)).toEqual(MATCHERS.map(String))
})

describe('reading', () => {
  const asked: string[] = []
  const reader = (over: Partial<RemoteReadConfig>, localStart?: number): RemoteReader =>
    new RemoteReader(
      {
        url: 'http://far/read',
        requiredMatchers: new Map(),
        readRecent: true,
        externalLabels: new Map(),
        answerBytesMax: MAX,
        post: (body) => {
          const { queries } = decodeReadRequest(body, MAX)
          const { minT, maxT, matchers } = queries[0]
          asked.push(`${matchers.map(String).join(',')} ${minT}..${maxT}`)
          const writer = new ReadResponseWriter()
          writer.startQuery()
          const labels = Labels.fromObject({ __name__: 'up', region: 'eu' })
          writer.series({ labels, t: [1, 2], v: [5, 6] })
          writer.endQuery()
          const answer = Buffer.from(writer.finish())
          return Promise.resolve({ status: 200, headers: {}, body: answer })
        },
        ...over,
      },
      {
        decodeChunk: () => {},
        crc32c: () => 0,
        localStart: () => localStart,
      },
    )
  const check = async (from: RemoteReader, want: string[], labels?: string): Promise<void> => {
    asked.length = 0
    const set = await from.select([new Matcher('=', '__name__', 'up')], 0, 100)
    expect(asked).toEqual(want)
    expect(set.count === 0 ? undefined : set.labels(0).toString()).toBe(labels)
  }

  test('external labels are asked for and taken off', () =>
    check(
      reader({ externalLabels: new Map([['region', 'eu']]) }),
      ['__name__="up",region="eu" 0..100'],
      'up',
    ))
  test('what the storage has is not asked for', () =>
    check(reader({ readRecent: false }, 40), ['__name__="up" 0..40'], 'up{region="eu"}'))
  test('all of it is there', () => check(reader({ readRecent: false }, 0), []))
  test('selectors without what is required are not asked for', async () => {
    await check(reader({ requiredMatchers: new Map([['job', 'x']]) }), [])
    const from = reader({ requiredMatchers: new Map([['__name__', 'up']]) })
    await check(from, ['__name__="up" 0..100'], 'up{region="eu"}')
  })
  test('a refusal names the server', async () => {
    const post = (): Promise<{ status: number; headers: object; body: Buffer }> =>
      Promise.resolve({ status: 404, headers: {}, body: Buffer.from('no such page\n') })
    const from = reader({ post: post as RemoteReadConfig['post'] })
    await expect(check(from, [])).rejects.toThrow(
      'remote_read: remote server http://far/read returned http status 404 Not Found: no such page',
    )
  })
  test('an answer that is cut off', async () => {
    const headers = { 'content-type': 'application/x-streamed-protobuf; proto=x' }
    const body = Buffer.from([5, 0, 0, 0, 0, 1])
    const from = reader({ post: () => Promise.resolve({ status: 200, headers, body }) })
    await expect(check(from, [])).rejects.toThrow('the answer ends in a frame of 5 bytes')
  })
})

test('samples of several places are merged by time, the first one counts', async () => {
  const part = (series: Record<string, [t: number, v: number][]>): Queryable => {
    const list = Object.entries(series)
    const set: SeriesSet = {
      count: list.length,
      labels: (i) => Labels.fromObject({ __name__: list[i][0] }),
      samples: (i, minT, maxT, out) => {
        out.clear()
        for (const [t, v] of list[i][1]) if (t >= minT && t <= maxT) out.push(t, v)
      },
    }
    return {
      select: () => set,
      labelNames: () => Object.keys(series),
      labelValues: () => Object.keys(series),
    }
  }
  const merged = new MergedQueryable(
    part({
      a: [
        [3, 30],
        [5, 50],
      ],
    }),
    [
      part({
        a: [
          [1, -1],
          [3, -3],
          [4, -4],
          [9, -9],
        ],
        b: [[1, 1]],
      }),
      part({}),
      { select: () => Promise.reject(new Error('gone')) },
      { select: () => Promise.reject(new Error('gone')) },
    ],
  )
  const set = await merged.select([], 0, 8)
  const columns = new SampleColumns()
  const lines = Array.from({ length: set.count }, (_, i) => {
    set.samples(i, 0, 8, columns)
    const samples = Array.from(
      { length: columns.length },
      (__, j) => `${columns.t[j]}:${columns.v[j]}`,
    )
    return [set.labels(i).toString(), ...samples].join(' ')
  })
  expect(lines).toEqual(['a 1:-1 3:30 4:-4 5:50', 'b 1:1'])
  expect(set.warnings).toEqual(['gone'])
  expect(await merged.labelNames({ minT: 0, maxT: 1, matchers: [] })).toEqual(['a'])
})
