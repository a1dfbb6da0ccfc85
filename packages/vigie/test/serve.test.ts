/** Starting without a file, with a wrong one, under load and killed: the command line as a user meets it. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Started, eventually, getJson, run, start } from './processes.ts'

interface Matrix {
  data: { result: { metric: Record<string, string>; values: [number, string][] }[] }
}

const root = mkdtempSync(join(tmpdir(), 'vigie-serve-'))
let folders = 0
const folder = (): string => {
  const dir = mkdtempSync(join(root, `${folders++}-`))
  return dir
}
const running: Started[] = []
let app: Server
let appPort = 0

/** A small service: metrics, and a page for load. */
beforeAll(async () => {
  let requests = 0
  app = createServer((request, response) => {
    requests++
    if (request.url === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4')
      response.end(
        `# TYPE app_requests_total counter\napp_requests_total{code="200"} ${requests}\n`,
      )
    } else response.end('{"ok":true}')
  })
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  appPort = (app.address() as AddressInfo).port
})
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop('SIGKILL')
})
afterAll(() => {
  app.closeAllConnections()
  app.close()
  rmSync(root, { recursive: true, force: true })
})

async function serve(
  cwd: string,
  args: readonly string[],
): Promise<{ url: string; vigie: Started }> {
  const vigie = start(cwd, args)
  running.push(vigie)
  return { vigie, url: (await vigie.until(/Vigie is at (\S+)/))[1] }
}

const sampleOf = async (url: string, expr: string): Promise<number | undefined> => {
  const { data } = await getJson<{ data: { result: { value: [number, string] }[] } }>(
    `${url}/api/v1/query?query=${encodeURIComponent(expr)}`,
  )
  return data.result.length > 0 ? Number(data.result[0].value[1]) : undefined
}

describe('without a file', () => {
  test('targets on the command line are scraped or probed, and Save writes what runs', async () => {
    const cwd = folder()
    const { url } = await serve(cwd, [
      `localhost:${appPort}`,
      `http://127.0.0.1:${appPort}/page`,
      '127.0.0.1:1',
    ])
    expect(
      await eventually('the app is up', 15_000, () => sampleOf(url, `app_requests_total`)),
    ).toBeGreaterThan(0)
    await eventually('the page is probed', 15_000, async () =>
      (await sampleOf(url, 'max(probe_success)')) === 1 ? true : undefined,
    )
    await eventually('the dead one is seen', 15_000, async () =>
      (await sampleOf(url, 'min(up)')) === 0 ? true : undefined,
    )
    await eventually('the host is measured', 15_000, () =>
      sampleOf(url, 'node_memory_MemTotal_bytes'),
    )
    const { path } = await getJson<{ path: string }>(`${url}/api/vigie/save`, { method: 'POST' })
    expect(readFileSync(path, 'utf8')).toContain(`localhost:${appPort}`)
    const { code, stdout } = await run(cwd, ['check', 'config', 'vigie.yml'])
    expect(stdout).toMatch(/vigie\.yml is valid: 3 jobs/)
    expect(code).toBe(0)
  })

  test('plain vigie finds the endpoints on this machine and takes them in with one request', async () => {
    const { url } = await serve(folder(), [])
    // An endpoint that is busy for 300 ms is not found: on a busy machine that can be any.
    const ours = await eventually('the app is found', 15_000, async () => {
      const found = await getJson<{ url: string; watched: boolean; pid: number }[]>(
        `${url}/api/vigie/discovered`,
      )
      return found.find((one) => one.url.includes(`:${appPort}/`))
    })
    expect(ours).toMatchObject({ watched: false, pid: process.pid })
    await getJson(`${url}/api/vigie/targets`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ targets: [ours.url] }),
    })
    expect(
      await eventually('it is scraped', 15_000, () => sampleOf(url, 'app_requests_total')),
    ).toBeGreaterThan(0)
    await eventually('it is known as watched', 15_000, async () => {
      const again = await getJson<{ url: string; watched: boolean }[]>(
        `${url}/api/vigie/discovered`,
      )
      return again.find((one) => one.url === ours.url)?.watched === true ? true : undefined
    })
  })
})

describe('bad input', () => {
  test('a wrong file ends with every problem and exit code 1', async () => {
    const cwd = folder()
    writeFileSync(join(cwd, 'vigie.yml'), 'global: { scrape_interval: soon }\nscrape_config: []\n')
    const { code, stderr } = await run(cwd, [])
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([
      'vigie.yml:1: global.scrape_interval: found "soon", expected a duration such as 15s or 1m',
      'vigie.yml:2: scrape_config: unknown key',
    ])
  })

  test('a busy port that was asked for is an error, the default one gives way', async () => {
    const { code, stderr } = await run(folder(), [`--web.listen-address=127.0.0.1:${appPort}`])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `cannot listen on 127.0.0.1:${appPort}: another process uses that port`,
    )
  })

  test('a directory that is open, or may not be written, is refused in one line', async () => {
    const cwd = folder()
    const { vigie } = await serve(cwd, ['--web.listen-address=127.0.0.1:0', `localhost:${appPort}`])
    const held = await run(cwd, ['--storage.tsdb.path=data/tsdb', '--data.dir=other'])
    expect(held.code).toBe(1)
    expect(held.stderr).toMatch(
      /^cannot open storage: \S+ is held by process \d+ \(\S+\), which is running; stop it .*\n$/,
    )
    await vigie.stop('SIGTERM')
    const odd = await run(cwd, ['--data.dir=/dev/null/vigie'])
    expect(odd.code).toBe(1)
    expect(odd.stderr).toMatch(
      /^cannot write \/dev\/null\/vigie: .*; name another directory by --data.dir\n$/,
    )
  })

  test('where no folder can be made everything is kept beside the series', async () => {
    const dir = folder()
    const cwd = folder()
    writeFileSync(join(cwd, 'data'), 'in the way')
    const { vigie } = await serve(cwd, [
      `localhost:${appPort}`,
      '--web.listen-address=127.0.0.1:0',
      `--storage.tsdb.path=${dir}`,
    ])
    await vigie.stop('SIGTERM')
    expect(readdirSync(dir)).toContain('wal')
  })

  test('beyond loopback takes users or a flag', async () => {
    const { code, stderr } = await run(folder(), ['--web.listen-address=0.0.0.0:0'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/anybody could read everything\. Give --web\.config\.file/)
  })

  test('an unknown flag and a missing script are named', async () => {
    expect((await run(folder(), ['--web.lisen=1'])).stderr).toContain(
      "Unknown option '--web.lisen'",
    )
    const load = await run(folder(), ['load'])
    expect(load.stderr).toMatch(/vigie load.*script/s)
    expect(load.stderr).toMatch(/watch/)
    expect(load.code).not.toBe(0)
  })

  test('a reload with a wrong file keeps the last good one and says so', async () => {
    const cwd = folder()
    const file = join(cwd, 'vigie.yml')
    writeFileSync(file, 'self: true\n')
    const { url, vigie } = await serve(cwd, ['--web.listen-address=127.0.0.1:0'])
    writeFileSync(file, 'selves: true\n')
    vigie.child.kill('SIGHUP')
    const status = await eventually('the problem is told', 10_000, async () => {
      const answer = await getJson<{ configError: string | null }>(`${url}/api/vigie/status`)
      return answer.configError ?? undefined
    })
    expect(status).toBe(`${file}:1: selves: unknown key`.replace(`${cwd}/`, ''))
    writeFileSync(file, 'self: true\n')
    vigie.child.kill('SIGHUP')
    await eventually('it is well again', 10_000, async () => {
      const answer = await getJson<{ configError: string | null }>(`${url}/api/vigie/status`)
      return answer.configError === null ? true : undefined
    })
  })
})

const SCRIPT = `
import http from 'k6/http'
import { check } from 'k6'
export const options = { thresholds: { checks: ['rate==1'], 'promql(max(app_requests_total))': ['value<' + __ENV.MOST] } }
export default function () {
  const response = http.get(__ENV.URL)
  check(response, { ok: (r) => r.json('ok') === true })
}
`

describe('load and a kill', () => {
  test('what a query has shown is still there after kill -9 under load, and promql thresholds decide', async () => {
    const cwd = folder()
    writeFileSync(
      join(cwd, 'vigie.yml'),
      `global: { scrape_interval: 1s }\nself: true\nscrape_configs: [{ job_name: app, static_configs: [{ targets: ['127.0.0.1:${appPort}'] }] }]\n`,
    )
    writeFileSync(join(cwd, 'script.js'), SCRIPT)
    const first = await serve(cwd, ['--web.listen-address=127.0.0.1:0'])
    const load = (vus: number, most: string): ReturnType<typeof run> =>
      run(cwd, [
        'load',
        'script.js',
        '-u',
        String(vus),
        '-d',
        '4s',
        '-e',
        `URL=http://127.0.0.1:${appPort}/`,
        '-e',
        `MOST=${most}`,
      ])
    const one = await load(1, '1e9')
    expect(one.stdout).toMatch(/checks_succeeded.*100\.00%/)
    expect(one.code).toBe(0)
    const hundred = load(100, '1')
    await eventually('100 VUs are on the chart beside the server', 15_000, async () =>
      (await sampleOf(first.url, 'max(k6_vus)')) === 100 ? true : undefined,
    )
    const [startS, endS] = [Date.now() / 1000 - 60, Date.now() / 1000]
    const shown = await rangeOf(first.url, startS, endS)
    expect(shown.length).toBeGreaterThan(10)
    await first.vigie.stop('SIGKILL')
    const second = await serve(cwd, ['--web.listen-address=127.0.0.1:0'])
    const kept = new Map(
      (await rangeOf(second.url, startS, endS)).map((row) => [
        JSON.stringify(row.metric),
        row.values,
      ]),
    )
    for (const row of shown) expect(kept.get(JSON.stringify(row.metric))).toEqual(row.values)
    // Its Vigie was gone when it asked: a threshold that cannot be evaluated fails.
    expect((await hundred).code).toBe(99)
    const third = await load(1, '1')
    expect(third.stdout + third.stderr).toMatch(/promql/)
    expect(third.code).toBe(99)
    const runs = await getJson<{ state: string; exitCode: number }[]>(
      `${second.url}/api/vigie/runs`,
    )
    expect(runs[0]).toMatchObject({ state: 'failed', exitCode: 99 })
    expect(existsSync(join(cwd, 'data', 'tsdb', 'wal'))).toBe(true)
  }, 90_000)
})

async function rangeOf(
  url: string,
  startS: number,
  endS: number,
): Promise<Matrix['data']['result']> {
  const params = new URLSearchParams({
    query: '{__name__=~".+",job=~"app|"}',
    start: String(startS),
    end: String(endS),
    step: '1',
  })
  return (await getJson<Matrix>(`${url}/api/v1/query_range?${params}`)).data.result
}
