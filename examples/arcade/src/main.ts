// `node examples/arcade/dist/main.js`: the arcade alone, until Ctrl+C. Settings come from the
// environment (TICK_MS, HASH_MS, …; DATABASE_URL for a real PostgreSQL), the data directory from the
// first argument.
import { defaultSettings } from './supervisor/catalogue.ts'
import type { ArcadeSettings } from './supervisor/catalogue.ts'
import { startArcade } from './supervisor/start-arcade.ts'

const write = (message: string, fields?: Record<string, unknown>): void =>
  void process.stderr.write(`${message}${fields ? ` ${JSON.stringify(fields)}` : ''}\n`)
const settings: Partial<ArcadeSettings> = {}
for (const name of Object.keys(defaultSettings) as (keyof ArcadeSettings)[]) {
  const text = process.env[name]
  if (text) settings[name] = Number(text)
}

const arcade = await startArcade({
  dataDir: process.argv[2] ?? 'data/arcade',
  settings,
  env: process.env,
  log: { debug() {}, info: write, warn: write, error: write },
  ...(process.env['DATABASE_URL'] && { databaseUrl: process.env['DATABASE_URL'] }),
})
for (const { name, url, pid } of arcade.services())
  process.stdout.write(`${name.padEnd(18)} ${url.padEnd(48)} ${pid}\n`)
process.stdout.write('Ctrl+C ends it all.\n')

let isEnding = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isEnding) return
    isEnding = true
    void arcade.stop().then(() => process.exit(0))
  })
}
