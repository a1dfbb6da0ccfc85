/** The tests of the whole start real processes of the bundle and speak to them as a user would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

export const CLI: string = fileURLToPath(new URL('../bundle/cli.js', import.meta.url))

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

export interface Started {
  child: ChildProcess
  /** All that it has printed so far, both streams. */
  output(): string
  /** Resolves with the match once the output has it; rejects when the process ends or time is up. */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  /** Ends it and waits. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Starts `vigie …` in `cwd`. */
export function start(
  cwd: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Started {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: cleanEnv(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const watchers = new Set<() => void>()
  const onData = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const watcher of watchers) watcher()
  }
  child.stdout.on('data', onData)
  child.stderr.on('data', onData)
  const ended = once(child, 'exit')
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    child,
    output: () => output,
    until: (pattern, timeoutMs = 30_000) =>
      new Promise((resolve, reject) => {
        const done = (act: () => void): void => {
          watchers.delete(check)
          clearTimeout(timer)
          child.off('exit', onExit)
          act()
        }
        const check = (): void => {
          const match = pattern.exec(output)
          if (match !== null) done(() => resolve(match))
        }
        const onExit = (): void =>
          done(() =>
            reject(new Error(`vigie ${args.join(' ')} ended before ${pattern}:\n${output}`)),
          )
        const timer = setTimeout(
          () => done(() => reject(new Error(`no ${pattern} within ${timeoutMs} ms:\n${output}`))),
          timeoutMs,
        )
        watchers.add(check)
        child.once('exit', onExit)
        check()
        if (!isRunning()) onExit()
      }),
    stop: async (signal = 'SIGTERM') => {
      if (isRunning()) child.kill(signal)
      await ended
    },
  }
}

/** Runs `vigie …` to its end. */
export async function run(
  cwd: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: cleanEnv(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

function cleanEnv(env: Record<string, string>): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, VITEST: _vitest, VIGIE_URL: _url, ...rest } = process.env
  return { ...rest, ...env }
}

/** A request to a running Vigie; rejects unless the answer is 2xx JSON. */
export async function getJson<T>(url: string, init?: RequestInit): Promise<T> {
  const response = await fetch(url, init)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** Asks again and again until the answer is not undefined. What cannot be awaited elsewhere is awaited here. */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const untilMs = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      last = error
    }
    if (Date.now() > untilMs)
      throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: last })
    await new Promise((done) => setTimeout(done, 100))
  }
}

export interface WebhookBody {
  status: string
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[]
}

/** A webhook receiver on a free port that keeps what it gets. */
export async function startWebhook(): Promise<{
  url: string
  received: WebhookBody[]
  close(): Promise<void>
}> {
  const received: WebhookBody[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      // Discovery of other tests asks every port of this machine for /metrics.
      if (request.method === 'POST') received.push(JSON.parse(body) as WebhookBody)
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    received,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
