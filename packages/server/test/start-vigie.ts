/** A Vigie of its own for one test file: own folders, a port of its own on loopback. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Logger, type Vigie, type VigieOptions, startVigie } from '../src/index.ts'

export const PAGE = '<!doctype html><title>Vigie</title>'

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export interface TestVigie {
  vigie: Vigie
  url: string
  dir: string
  /** The configuration file, to be written anew before a reload. */
  configFile: string
  stop(): Promise<void>
}

/** `files` are written below the folder of vigie.yml before it starts. */
export async function startTestVigie(
  config: string,
  options: Partial<VigieOptions> = {},
  files: Record<string, string> = {},
): Promise<TestVigie> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-api-'))
  const configFile = join(dir, 'vigie.yml')
  const all = {
    ...files,
    'vigie.yml': config,
    'ui/index.html': PAGE,
    'ui/assets/app.js': `export const text = '${'x'.repeat(2000)}'`,
  }
  for (const [name, content] of Object.entries(all)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), content)
  }
  const vigie = await startVigie({
    version: '0.0.0-test',
    configFile,
    targets: [],
    dataDir: join(dir, 'data'),
    tsdbDir: join(dir, 'data/tsdb'),
    retentionMs: 10 * 365 * 86_400_000,
    retentionBytes: 512 * 2 ** 20,
    listen: { host: '127.0.0.1', port: 0, orNext: false },
    externalUrl: null,
    web: undefined,
    enableLifecycle: false,
    dashboardsDir: join(dir, 'dashboards'),
    // Threads run what was built.
    queryWorkerUrl: new URL('../dist/query/worker.js', import.meta.url),
    uiDir: join(dir, 'ui'),
    discover: false,
    query: { lookbackMs: 300_000, timeoutMs: 30_000, maxConcurrency: 20, maxSamples: 50_000_000 },
    flags: new Map([['config.file', configFile]]),
    env: {},
    now: Date.now,
    log: quiet,
    ...options,
  }).catch((error: unknown) => {
    rmSync(dir, { recursive: true, force: true })
    throw error
  })
  return {
    vigie,
    url: vigie.url,
    dir,
    configFile,
    stop: async () => {
      await vigie.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
