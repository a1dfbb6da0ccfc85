// One process of the arcade: start it, know whether it runs, answers or hangs, end it.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { request } from 'node:http'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../platform/logger.ts'
import type { ServiceName } from './catalogue.ts'

export interface ChildOptions {
  name: ServiceName
  entry: URL | string
  port: number
  env: Record<string, string | undefined>
  log: Logger
}

const readyTimeoutMs = 60_000
const stopTimeoutMs = 3000
const healthTimeoutMs = 1500
const outputBytesMax = 4096

/** Small heaps: the services hold little, and nine of them share a machine with a watcher. */
const serviceFlags = ['--max-semi-space-size=2', '--max-old-space-size=192', '--expose-gc']
const databaseFlags = ['--max-semi-space-size=1', '--wasm-lazy-compilation']

export class Child {
  readonly name: ServiceName
  readonly port: number
  #options: ChildOptions
  #process: ChildProcess | null = null
  #answers = false
  #isStopping = false

  constructor(options: ChildOptions) {
    this.name = options.name
    this.port = options.port
    this.#options = options
  }

  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  get state(): 'up' | 'down' | 'hung' {
    if (!this.#process) return 'down'
    return this.#answers ? 'up' : 'hung'
  }

  /** Resolves when the process says that it is ready. Throws what it printed when it ends first. */
  async start(): Promise<void> {
    const { name, entry, env, log } = this.#options
    const file = entry instanceof URL || entry.startsWith('file:') ? fileURLToPath(entry) : entry
    const child = fork(file, [], {
      env,
      execArgv: name === 'database' ? databaseFlags : serviceFlags,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#process = child
    this.#isStopping = false
    let errors = ''
    child.stdout!.on('data', (text: Buffer) => log.debug(`${name}: ${text.toString().trimEnd()}`))
    child.stderr!.on('data', (text: Buffer) => {
      errors = (errors + text.toString()).slice(-outputBytesMax)
      log.warn(`${name}: ${text.toString().trimEnd()}`)
    })
    child.once('exit', (code, signal) => {
      this.#process = null
      this.#answers = false
      if (!this.#isStopping) log.warn(`${name} has ended`, { code, signal })
    })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        reject(new Error(`cannot start ${name}: not ready after ${readyTimeoutMs / 1000} s`))
      }, readyTimeoutMs)
      child.once('message', () => {
        clearTimeout(timer)
        this.#answers = true
        resolve()
      })
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        clearTimeout(timer)
        reject(new Error(`cannot start ${name}: it ended with ${code ?? signal}\n${errors}`))
      })
    })
  }

  /** Asks whether the process answers; afterwards `state` knows. */
  async checkHealth(): Promise<void> {
    if (!this.#process) return
    const answers =
      this.name === 'database' ? await answersPostgres(this.port) : await answersHttp(this.port)
    this.#answers = answers && this.#process !== null
  }

  /** Ends the process, by force when it does not listen; resolves when it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (!child) return
    this.#isStopping = true
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    await gone
    clearTimeout(timer)
  }

  /** Calls the service's fault switch. Throws when it cannot be reached or refuses. */
  async switchFault(method: 'POST' | 'DELETE', fault: string | null): Promise<void> {
    const path = fault === null ? '/_faults' : `/_faults/${encodeURIComponent(fault)}`
    const status = await callHttp(method, this.port, path, readyTimeoutMs)
    if (status !== 200)
      throw new Error(`cannot ${method} ${path} on ${this.name}: it answered ${status}`)
  }
}

async function answersHttp(port: number): Promise<boolean> {
  const status = await callHttp('GET', port, '/-/healthy', healthTimeoutMs).catch(() => 0)
  return status === 200
}

function callHttp(method: string, port: number, path: string, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    })
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error('no answer in time')))
    sent.on('error', (cause) =>
      reject(new Error(`cannot call ${method} 127.0.0.1:${port}${path}: ${cause.message}`)),
    )
    sent.end()
  })
}

/** Asks for TLS as every PostgreSQL client may; any one-letter answer means that it is alive. */
function answersPostgres(port: number): Promise<boolean> {
  const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(sslRequest))
    const finish = (answers: boolean) => {
      socket.destroy()
      resolve(answers)
    }
    socket.setTimeout(healthTimeoutMs, () => finish(false))
    socket.once('data', () => finish(true))
    socket.once('error', () => finish(false))
  })
}
