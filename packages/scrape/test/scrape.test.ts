import { gzipSync } from 'node:zlib'
import { isStale } from '@vigie/model'
import { expect, test } from 'vitest'
import { RecordingStorage } from './recording-storage.ts'
import { Harness, groups, job } from './harness.ts'
import { metrics, serve, serveTcp } from './servers.ts'

test('a scrape stores samples and its report', async () => {
  const server = await serve((_request, response) =>
    metrics(response, '# TYPE a counter\n# HELP a A.\na 1\nb{x="y"} 2\n'),
  )
  const { storage, manager } = new Harness()
  manager.apply([job([server.address])])
  await new Promise<void>((resolve) => (storage.onCommit = resolve))
  expect(storage.dump().map((line) => line.replace(/ (\S+)@\d+.*$/, ' $1'))).toEqual([
    `a{instance="${server.address}", job="j"} 1`,
    `b{instance="${server.address}", job="j", x="y"} 2`,
    expect.stringMatching(/^scrape_duration_seconds\{.*\} 0\.\d+$/),
    `scrape_samples_post_metric_relabeling{instance="${server.address}", job="j"} 2`,
    `scrape_samples_scraped{instance="${server.address}", job="j"} 2`,
    `scrape_series_added{instance="${server.address}", job="j"} 2`,
    `up{instance="${server.address}", job="j"} 1`,
  ])
  expect(manager.metadata().map(({ metric, type, help }) => [metric, type, help])).toEqual([
    ['a', 'counter', 'A.'],
  ])
  const { headers } = server.requests[0]
  expect(headers['user-agent']).toBe('Vigie/test')
  expect(headers.accept).toMatch(/^application\/openmetrics-text;version=1\.0\.0/)
  expect(headers.accept).not.toContain('protobuf')
  expect(headers['x-prometheus-scrape-timeout-seconds']).toBe('0.2')
})

test('targets that misbehave are down with a reason, and harm no other', async () => {
  const good = await serve((_request, response) => metrics(response, 'a 1\n'))
  const html = await serve((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end('<html>')
  })
  const missing = await serve((_request, response) => response.writeHead(404).end())
  const hanging = await serve(() => {})
  const trickling = await serve((_request, response) => {
    response.setHeader('content-type', 'text/plain')
    const timer = setInterval(() => response.write('a 1\n'), 10)
    response.on('close', () => clearInterval(timer))
  })
  const large = await serve((_request, response) => {
    response.setHeader('content-type', 'text/plain')
    const chunk = Buffer.alloc(1024 * 1024, '# filling, filling, filling\n')
    const write = (left: number): void => {
      if (left === 0) response.end()
      else if (!response.destroyed) response.write(chunk, () => write(left - 1))
    }
    write(100)
  })
  const cut = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' })
    response.write('a 1\n', () => response.destroy())
  })
  const broken = await serve((_request, response) => metrics(response, 'a 1\nb one\n'))
  const bomb = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
    response.end(gzipSync(Buffer.alloc(3_000_000, 'a')))
  })
  const deaf = await serveTcp((socket) => socket.end('what?\n'))
  const unheard = await serveTcp((socket) => socket.destroy())
  const want: [string, RegExp][] = [
    [html.address, /received unsupported Content-Type "text\/html; charset=utf-8"/],
    [missing.address, /^server returned HTTP status 404 Not Found$/],
    [hanging.address, /^no complete answer within 0\.4 s$/],
    [trickling.address, /^no complete answer within 0\.4 s$/],
    [large.address, /^body size limit exceeded \(limit: 2000000 bytes\)$/],
    [cut.address, /^connection closed before the answer was complete$/],
    [broken.address, /^line 2: strconv.ParseFloat: parsing "one": invalid syntax/],
    [bomb.address, /^body size limit exceeded/],
    [deaf, /^answer is not HTTP/],
    [unheard, /^connection (?:closed|reset)/],
    ['127.0.0.1:1', /^connection refused$/],
    ['host.invalid:80', /^(?:no such host "host.invalid"|name server did not answer)$/],
  ]
  const harness = new Harness()
  harness.manager.apply([
    job([good.address, ...want.map(([address]) => address)], {
      intervalMs: 400,
      bodySizeLimitBytes: 2_000_000,
    }),
  ])
  await harness.up(good.address)
  for (const [address, reason] of want) {
    await harness.down(address, reason)
    expect(harness.storage.last('up', address), address).toBe(0)
  }
  expect(harness.storage.last('up', good.address)).toBe(1)
})

test('a target that fails ends its series, and takes them up again', async () => {
  let isGood = true
  const server = await serve((_request, response) =>
    isGood ? metrics(response, 'a 1\n') : response.writeHead(500).end(),
  )
  const harness = new Harness()
  harness.manager.apply([job([server.address])])
  await harness.up(server.address)
  isGood = false
  await harness.down(server.address, 'server returned HTTP status 500 Internal Server Error')
  expect(isStale(harness.storage.last('a')!)).toBe(true)
  isGood = true
  await harness.up(server.address)
  expect(harness.storage.last('a')).toBe(1)
})

test('a target that goes gets markers on all its series; one that stays keeps its loop', async () => {
  const server = await serve((_request, response) => metrics(response, 'a 1\n'))
  const other = await serve((_request, response) => metrics(response, 'b 1\n'))
  const harness = new Harness()
  harness.manager.apply([job([server.address, other.address])])
  await harness.up(server.address)
  await harness.up(other.address)
  harness.manager.apply([job([other.address])])
  await harness.until(() => isStale(harness.storage.last('a') ?? 0))
  expect(isStale(harness.storage.last('up', server.address)!)).toBe(true)
  expect(isStale(harness.storage.last('b')!)).toBe(false)
  const added = harness.storage.dump((labels) => labels.metricName === 'scrape_series_added')
  expect(added.find((line) => line.includes(other.address))).not.toMatch(/ 1@.* 1@/)
})

test('a reload with other metric relabelling keeps the target and ends what is dropped', async () => {
  const server = await serve((_request, response) => metrics(response, 'a 1\nb 1\n'))
  const harness = new Harness()
  harness.manager.apply([job([server.address])])
  await harness.up(server.address)
  const drop = { action: 'drop', sourceLabels: ['__name__'], regex: 'a' } as const
  harness.manager.apply([job([server.address], { metricRelabelConfigs: [drop] })])
  await harness.until(() => isStale(harness.storage.last('a') ?? 0))
  expect(harness.storage.last('b')).toBe(1)
})

test('target labels come from relabelling, and dropped targets are shown', async () => {
  const server = await serve((_request, response) => metrics(response, 'a 1\n'))
  const harness = new Harness()
  harness.manager.apply([
    job([server.address, 'drop.me:1'], {
      metricsPath: '/other',
      params: new Map([['x', ['1', '2']]]),
      relabelConfigs: [
        { action: 'drop', sourceLabels: ['__address__'], regex: 'drop.*' },
        { targetLabel: 'instance', replacement: 'i1' },
        { targetLabel: '__param_y', replacement: 'z' },
      ],
    }),
  ])
  await harness.up('i1')
  expect(server.requests[0].url).toBe('/other?x=1&x=2&y=z')
  const { active, dropped, droppedCounts } = harness.manager.targets()
  expect(active[0].labels.toString()).toBe('{instance="i1", job="j"}')
  expect(active[0].discoveredLabels.toString()).toContain('__metrics_path__="/other"')
  expect(dropped.map((one) => one.discoveredLabels.get('__address__'))).toEqual(['drop.me:1'])
  expect(droppedCounts.get('j')).toBe(1)
})

test('more targets than allowed: all of them are down', async () => {
  const server = await serve((_request, response) => metrics(response, 'a 1\n'))
  const harness = new Harness()
  harness.manager.apply([job([server.address, '127.0.0.1:1'], { targetLimit: 1 })])
  await harness.down(server.address, 'target_limit exceeded (number of targets: 2, limit: 1)')
})

test('redirects are followed, without credentials to other hosts', async () => {
  const last = await serve((_request, response) => metrics(response, 'a 1\n'))
  const first = await serve((_request, response) =>
    response.writeHead(302, { location: last.url }).end(),
  )
  const loop = await serve((_request, response) => response.writeHead(302, { location: '/' }).end())
  const harness = new Harness()
  const http = { basicAuth: { username: 'u', password: 'p' } }
  harness.manager.apply([
    job([first.address, loop.address], { http }),
    job([first.address], { http: { followRedirects: false } }, 'strict'),
  ])
  await harness.up(first.address)
  expect(first.requests.map((one) => one.headers.authorization)).toContain('Basic dTpw')
  expect(last.requests[0].headers.authorization).toBeUndefined()
  await harness.down(loop.address, 'stopped after 10 redirects')
  await harness.until(() =>
    harness.manager
      .targets()
      .active.some((one) => one.scrapePool === 'strict' && one.health === 'down'),
  )
  const strict = harness.manager.targets().active.find((one) => one.scrapePool === 'strict')!
  expect(strict.lastError).toBe('server returned HTTP status 302 Found')
})

test('gzip', async () => {
  const server = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
    response.end(gzipSync('a 42\n'))
  })
  const harness = new Harness()
  harness.manager.apply([job([server.address])])
  await harness.up(server.address)
  expect(harness.storage.last('a')).toBe(42)
})

test('a connection that the target closed between scrapes does not count', async () => {
  const server = await serve((request, response) => {
    metrics(response, 'a 1\n')
    response.on('finish', () => setTimeout(() => request.socket.destroy(), 5))
  })
  const harness = new Harness()
  harness.manager.apply([job([server.address])])
  await harness.until(() => server.requests.length >= 4)
  expect(harness.storage.dump((labels) => labels.metricName === 'up').join()).not.toMatch(/ 0@/)
})

test('a full storage does not take a target down', async () => {
  const server = await serve((_request, response) => metrics(response, 'a 1\nb 1\nc 1\n'))
  const harness = new Harness(new RecordingStorage(7))
  harness.manager.apply([job([server.address])])
  await harness.up(server.address)
  const refused = harness.manager
    .metrics()
    .find((one) => one.name === 'vigie_scrape_samples_refused_total')!
  expect(refused.samples[0].value).toBeGreaterThan(0)
})

test('an internal source is a target like any other', async () => {
  const harness = new Harness()
  let isBroken = false
  const collect = (): string => {
    if (isBroken) throw new Error('cannot collect: broken')
    return 'a 1\n'
  }
  harness.manager.apply([
    job([], { staticConfigs: groups('localhost'), internal: { collect } }, 'host'),
    job(
      [],
      { staticConfigs: groups('slow'), internal: { collect: () => new Promise(() => {}) } },
      'slow',
    ),
  ])
  await harness.up('localhost')
  expect(harness.target('localhost')).toMatchObject({
    kind: 'internal',
    scrapePool: 'host',
    scrapeUrl: 'localhost',
  })
  isBroken = true
  await harness.down('localhost', 'cannot collect: broken')
  await harness.down('slow', 'no metrics within 0.2 s')
})
