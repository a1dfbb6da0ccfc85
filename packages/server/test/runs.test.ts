/** Load runs over HTTP: reported, listed, kept, dropped, started from a folder and stopped. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LoadRequest, StartLoad } from '../src/index.ts'
import { RunsStore } from '../src/stores/runs-store.ts'
import { type TestVigie, startTestVigie } from './start-vigie.ts'

const CONFIG = 'default_rules: false\nload: { scripts: ./scripts }\n'
const SCRIPTS = {
  'scripts/shop.js': '// Buys things. Slowly.\nexport default function () {}',
  'scripts/deep/browse.ts': '/* oxlint-disable */\n/** Looks around */\nexport default () => {}',
  'scripts/lib/helper.js': 'export const one = 1',
  'scripts/data.json': '[]',
  'secret.js': 'export default 1',
}

const report = (id: string, change: object = {}): Record<string, unknown> => ({
  id,
  script: 'shop.js',
  startedMs: 1000,
  endedMs: null,
  state: 'running',
  vus: 2,
  vusMax: 3,
  iterations: 4,
  exitCode: null,
  progress: 0.5,
  thresholds: [],
  options: { vus: 3 },
  summaryText: '',
  metrics: {
    http_req_duration: { type: 'trend', contains: 'time', values: { 'p(95)': 12.5 } },
    http_reqs: { type: 'counter', contains: 'default', values: { count: 8, rate: 2 } },
  },
  scenarios: [],
  checks: [],
  ...change,
})

/** A process of its own that does what `vigie load` would: reports once, and ends when it is asked to. */
const CHILD = `
  const [url, id, how] = process.argv.slice(1)
  const put = (change) => fetch(url + '/api/vigie/runs/' + id, { method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...${JSON.stringify(report('x'))}, id, ...change }) })
  if (how.includes('fail')) { console.error('level=error msg="no such thing"'); process.exit(107) }
  process.on('SIGINT', async () => {
    if (how.includes('deaf')) return
    await put({ state: 'aborted', endedMs: 9000, exitCode: 105 })
    process.exit(105)
  })
  await put({})
  console.log('reported')
  setInterval(() => {}, 1000)
`
const requests: LoadRequest[] = []
const startLoad: StartLoad = (request) => {
  requests.push(request)
  const { vigieUrl, runId, flags, onOutput } = request
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    CHILD,
    vigieUrl,
    runId,
    flags.join(' '),
  ])
  child.stdout.on('data', (chunk: Buffer) => onOutput(chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => onOutput(chunk.toString()))
  return {
    interrupt: () => void child.kill('SIGINT'),
    kill: () => void child.kill('SIGKILL'),
    ended: once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      reason: signal === null ? `exit code ${String(code)}` : `it was ended by ${String(signal)}`,
    })),
  }
}

interface Answer {
  status: number
  // What is in an answer is what the tests are about.
  body: Record<string, unknown> & { error?: string; id?: string }
}

async function ask(base: string, what: string, body?: unknown, headers = {}): Promise<Answer> {
  const [method, path] = what.split(' ') as [string, string]
  const response = await fetch(`${base}/api/vigie/${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = text.startsWith('{') || text.startsWith('[')
  return {
    status: response.status,
    body: isJson ? (JSON.parse(text) as Answer['body']) : { error: text },
  }
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 600; i++) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((done) => setTimeout(done, 20))
  }
  throw new Error(`never: ${what}`)
}

let started: TestVigie
const api = (what: string, body?: unknown, headers = {}): Promise<Answer> =>
  ask(started.url, what, body, headers)

beforeAll(async () => {
  started = await startTestVigie(CONFIG, { startLoad }, SCRIPTS)
  symlinkSync(join(started.dir, 'secret.js'), join(started.dir, 'scripts/link.js'))
  symlinkSync('shop.js', join(started.dir, 'scripts/same.js'))
})
afterAll(async () => started?.stop())

describe('reports', () => {
  test('are listed newest first with their figures, and read whole', async () => {
    const source = { files: [{ path: 'shop.js', text: 'export default 1' }], isCut: false }
    const put = (id: string, change: object): Promise<Answer> =>
      api(`PUT runs/${id}`, report(id, change))
    const limit = { unit: 'vus', phase: 'done', sustained: 40, levels: [1, 2] }
    const end = { state: 'passed', exitCode: 0, progress: 1, summaryText: 'good', limit }
    expect((await put('one', { ...end, endedMs: 2000, source })).status).toBe(204)
    expect(
      (await put('two', { ...end, startedMs: 3000, endedMs: 4000, script: 'B.js' })).status,
    ).toBe(204)
    const list = async (query: string): Promise<string> => {
      const { body } = await api(`GET runs${query}`)
      return (body as unknown as { id: string }[]).map((one) => one.id).join()
    }
    expect(await list('')).toBe('two,one')
    expect(await list('?limit=1')).toBe('two')
    expect(await list('?before=two')).toBe('one')
    expect(await list('?script=b.j')).toBe('two')
    expect(await list('?from=2001')).toBe('two')
    expect(await list('?from=1500&to=2999')).toBe('one')
    expect((await api('GET runs?limit=x')).body.error).toBe('limit: found "x", expected a number')
    const [, head] = (await api('GET runs')).body as unknown as Record<string, unknown>[]
    expect(head).toMatchObject({
      script: 'shop.js',
      p95Ms: 12.5,
      requestsPerSec: 2,
      failedRatio: null,
      error: null,
      limit: { unit: 'vus', phase: 'done', sustained: 40 },
    })
    expect(head).not.toHaveProperty('options')
    const { body } = await api('GET runs/one')
    expect(body).toMatchObject({ options: { vus: 3 }, summaryText: 'good', output: null, limit })
    expect(body).not.toHaveProperty('source')
    expect((await api('GET runs/one/script')).body).toEqual(source)
    expect((await api('GET runs/two/script')).body.error).toBe('the script of run two was not sent')
  })

  test.each([
    ['GET runs/nope', undefined, 404, 'there is no run "nope"'],
    ['GET runs/nope/script', undefined, 404, 'there is no run "nope"'],
    ['DELETE runs/nope', undefined, 404, 'there is no run "nope"'],
    ['POST runs/nope/stop', undefined, 404, 'there is no run "nope"'],
    ['POST runs/one/stop', undefined, 409, 'run one has ended already (passed)'],
    ['PUT runs/one', report('two'), 400, 'not the report of run one: it names two'],
    ['PUT runs/..%2Fone', report('../one'), 400, 'not the report of run ../one: '],
    [
      'PUT runs/big',
      report('big', { summaryText: 'x'.repeat(5 << 20) }),
      400,
      'want at most 4194304',
    ],
    [
      'GET runs/compare?a=one',
      undefined,
      501,
      'this Vigie was started without a way to compare runs',
    ],
  ])('%s is refused', async (what, body, status, error) => {
    const answer = await api(what, body)
    expect([answer.status, answer.body.error]).toEqual([status, expect.stringContaining(error)])
  })

  test('a run elsewhere is told to stop by the answer to its report, and cannot be deleted before', async () => {
    await api('PUT runs/far', report('far', { startedMs: Date.now() }))
    expect((await api('DELETE runs/far')).body.error).toBe(
      'run far goes on: stop it before it is deleted',
    )
    expect((await api('POST runs/far/stop')).status).toBe(202)
    expect((await api('PUT runs/far', report('far'))).body).toEqual({ stop: true })
    const ended = report('far', { state: 'aborted', endedMs: 5, error: 'stopped' })
    expect((await api('PUT runs/far', ended)).status).toBe(204)
    expect((await api('DELETE runs/far')).status).toBe(204)
    expect((await api('GET runs/far')).status).toBe(404)
  })
})

describe('the store', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-runs-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  let now = 0
  const ids = (store: RunsStore): string =>
    store
      .list()
      .map((one) => one.id)
      .join()
  const ended = (id: string, startedMs: number): object =>
    report(id, { startedMs, endedMs: startedMs + 1, state: 'passed' })

  test('a generator that says nothing for long has vanished, also for a Vigie started anew', () => {
    now = 100_000
    const store = new RunsStore(join(dir, 'silent'), () => now)
    store.put('a', report('a', { startedMs: now }))
    now += 15_000
    expect(store.head('a')).toMatchObject({ state: 'running', endedMs: null })
    now += 1
    const vanished = {
      state: 'error',
      endedMs: 100_000,
      error: 'the generator vanished: its last report came 1970-01-01T00:01:40.000Z',
    }
    expect(store.head('a')).toMatchObject(vanished)
    expect(store.get('a')).toMatchObject({ ...vanished, options: { vus: 3 } })
    expect(new RunsStore(join(dir, 'silent'), () => now).get('a')).toMatchObject(vanished)
    store.put('a', report('a'))
    expect(store.head('a')?.state).toBe('running')
    now += 15_001
    store.touch('a')
    expect(store.head('a')?.state).toBe('running')
  })

  test('runs past the limits go, the oldest first, but none that goes on', () => {
    const few = new RunsStore(join(dir, 'few'), () => now, { countMax: 2, sizeBytesMax: 1e9 })
    few.put('old', report('old', { startedMs: 1 }))
    for (const [i, id] of ['a', 'b', 'c'].entries()) few.put(id, ended(id, i + 2))
    expect(ids(few)).toBe('c,old')
    expect(existsSync(join(dir, 'few/a'))).toBe(false)
    const small = new RunsStore(join(dir, 'small'), () => now, { countMax: 9, sizeBytesMax: 4000 })
    for (const [i, id] of ['a', 'b', 'c', 'd'].entries())
      small.put(id, { ...ended(id, i), summaryText: 'x'.repeat(900) })
    expect(ids(small)).toBe('d,c')
    expect(ids(new RunsStore(join(dir, 'small'), () => now))).toBe('d,c')
  })

  test('a run whose report cannot be read is still what its list says', () => {
    const store = new RunsStore(join(dir, 'torn'), () => now)
    store.put('a', ended('a', 5))
    writeFileSync(join(dir, 'torn/a/report.json'), '{"id":')
    const left = { id: 'a', state: 'passed', options: {}, metrics: {}, scenarios: [] }
    expect(new RunsStore(join(dir, 'torn'), () => now).get('a')).toMatchObject(left)
  })

  test('opens what an earlier version wrote, and leaves alone what it cannot read', () => {
    mkdirSync(join(dir, 'flat/odd'), { recursive: true })
    writeFileSync(join(dir, 'flat/a.json'), JSON.stringify(ended('a', 5)))
    writeFileSync(join(dir, 'flat/b.json'), '{"id":')
    const store = new RunsStore(join(dir, 'flat'), () => now)
    expect(ids(store)).toBe('a')
    expect(store.get('a')).toMatchObject({ options: { vus: 3 }, error: null })
  })
})

describe('starting', () => {
  test('lists the scripts of the folder', async () => {
    const { body } = await api('GET load/scripts')
    expect(body).toMatchObject({ folder: join(started.dir, 'scripts'), problem: null, atOnce: 1 })
    const scripts = body.scripts as { path: string; title: string }[]
    expect(scripts.map(({ path, title }) => [path, title])).toEqual([
      ['deep/browse.ts', 'Looks around'],
      ['same.js', 'Buys things.'],
      ['shop.js', 'Buys things.'],
    ])
  })

  test.each<[string, unknown, string]>([
    ['nothing', {}, 'cannot start a run: script: '],
    ['an unknown script', { script: 'gone.js' }, 'there is no script "gone.js" in '],
    ['a path above', { script: '../secret.js' }, 'there is no script "../secret.js" in '],
    ['an absolute path', { script: '/etc/passwd' }, 'there is no script "/etc/passwd" in '],
    ['a link out of the folder', { script: 'link.js' }, 'there is no script "link.js" in '],
    ['a folder', { script: 'deep' }, 'there is no script "deep" in '],
    ['no script file', { script: 'data.json' }, 'there is no script "data.json" in '],
    ['a NUL', { script: 'shop.js\0' }, 'there is no script "shop.js\\u0000" in '],
    ['half a user', { script: 'shop.js', vus: 0.5 }, 'cannot start a run: vus: '],
    ['no users', { script: 'shop.js', vus: 0 }, 'cannot start a run: vus: '],
    [
      'a flag as duration',
      { script: 'shop.js', duration: '--out=x' },
      'duration: expected a duration such as 30s or 5m',
    ],
    [
      'an odd name',
      { script: 'shop.js', env: { 'A-B': '1' } },
      'expected names of letters, digits and _',
    ],
    ['more', { script: 'shop.js', args: ['-o', 'x'] }, 'Unrecognized key: "args"'],
  ])('%s is refused', async (_, body, error) => {
    const answer = await api('POST load/start', body)
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining(error)])
    expect(requests).toEqual([])
  })

  test('pages of others may neither start nor stop nor delete', async () => {
    for (const what of ['POST load/start', 'POST runs/one/stop', 'DELETE runs/one'])
      expect((await api(what, undefined, { origin: 'http://evil.example' })).status).toBe(403)
  })

  test('a run starts with its flags, goes on alone, stops, and keeps what it printed', async () => {
    const asked = { script: 'shop.js', vus: 5, duration: '1m30s', env: { A: '$(x)' } }
    const { status, body } = await api('POST load/start', {
      ...asked,
      findLimit: true,
      hold: '5s',
      checkAfter: true,
    })
    expect(status).toBe(201)
    const id = body.id!
    expect(requests.at(-1)).toMatchObject({
      runId: id,
      vigieUrl: started.url,
      script: join(started.dir, 'scripts/shop.js'),
      flags: '--vus 5 --duration 1m30s --env A=$(x) --find-limit --hold 5s --check-after'.split(
        ' ',
      ),
    })
    expect((await api(`GET runs/${id}`)).body).toMatchObject({
      state: 'running',
      script: 'shop.js',
    })
    const second = await api('POST load/start', asked)
    expect([second.status, second.body.error]).toEqual([
      409,
      'a run goes on already: stop it or wait (load.at_once is 1)',
    ])
    await until('its first report', async () =>
      (await api(`GET runs/${id}`)).body.output === 'reported\n' ? true : undefined,
    )
    expect((await api('GET load/scripts')).body.runningIds).toEqual([id])
    expect((await api(`POST runs/${id}/stop`)).status).toBe(202)
    await until('its end', async () =>
      ((await api('GET load/scripts')).body.runningIds as string[]).length === 0 ? true : undefined,
    )
    expect((await api(`GET runs/${id}`)).body).toMatchObject({
      state: 'aborted',
      exitCode: 105,
      output: 'reported\n',
    })
  })

  test('a process that fails before its first report says why', async () => {
    const { body } = await api('POST load/start', { script: 'shop.js', env: { how: 'fail' } })
    const run = await until('its end', async () => {
      const found = (await api(`GET runs/${body.id}`)).body
      return found.state === 'running' || found.output === null ? undefined : found
    })
    expect(run).toMatchObject({
      state: 'error',
      exitCode: 107,
      error: 'the load process ended without a verdict: exit code 107',
      output: 'level=error msg="no such thing"\n',
    })
  })

  test('one that does not listen is killed when asked twice', async () => {
    const { body } = await api('POST load/start', { script: 'shop.js', env: { how: 'deaf' } })
    const look = async (): Promise<Answer['body']> => (await api(`GET runs/${body.id}`)).body
    await until('its first report', async () => ((await look()).output === '' ? undefined : true))
    await api(`POST runs/${body.id}/stop`)
    expect((await look()).state).toBe('running')
    await api(`POST runs/${body.id}/stop`)
    await until('its end', async () => ((await look()).state === 'error' ? true : undefined))
    expect((await look()).error).toBe(
      'the load process ended without a verdict: it was ended by SIGKILL',
    )
  })

  test('ends with Vigie', async () => {
    const other = await startTestVigie(CONFIG, { startLoad }, SCRIPTS)
    const { body } = await ask(other.url, 'POST load/start', { script: 'shop.js' })
    await until('its first report', async () =>
      (await ask(other.url, `GET runs/${body.id}`)).body.output === '' ? undefined : true,
    )
    await other.vigie.stop()
    const kept = new RunsStore(join(other.dir, 'data/runs'), Date.now)
    expect(kept.get(body.id!)).toMatchObject({ state: 'aborted', exitCode: 105 })
    rmSync(other.dir, { recursive: true, force: true })
  })

  test('is refused where a run could not report', async () => {
    const web = {
      tls: undefined,
      hasUsers: true,
      admits: (): Promise<boolean> => Promise.resolve(true),
    }
    const other = await startTestVigie(CONFIG, { startLoad, web }, SCRIPTS)
    const { status, body } = await ask(other.url, 'POST load/start', { script: 'shop.js' })
    expect([status, body.error]).toEqual([
      409,
      expect.stringContaining('this Vigie asks for users'),
    ])
    await other.stop()
  })

  test('says how to configure it when it is not', async () => {
    const other = await startTestVigie('default_rules: false', { startLoad })
    const want = `no load tests are started from here: name the folder of your scripts, load: { scripts: ./load }, in ${other.configFile}, then reload`
    const { body } = await ask(other.url, 'GET load/scripts')
    expect(body).toMatchObject({ folder: null, problem: want, scripts: [] })
    const refused = await ask(other.url, 'POST load/start', { script: 'shop.js' })
    expect([refused.status, refused.body.error]).toEqual([409, want])
    writeFileSync(other.configFile, 'default_rules: false\nload: { scripts: ./gone }')
    other.vigie.reload()
    const { problem } = (await ask(other.url, 'GET load/scripts')).body
    expect(problem).toMatch(/^cannot read the folder of the load scripts, .*gone: ENOENT/)
    await other.stop()
  })
})
