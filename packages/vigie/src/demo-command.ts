/**
 * `vigie demo`: the arcade, Vigie watching it every 2 s, and ten gentle players; `vigie demo break FAULT` and
 * `vigie demo mend` speak to the demo that runs in this folder.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Arcade, arcadeConfig, demoSettings, startArcade } from '@vigie/arcade'
import type { Demo, DemoState, Vigie } from '@vigie/server'
import { makeFolders } from '@vigie/tsdb'
import { findAddress } from './address.ts'
import { createLogger } from './log.ts'
import { UsageError, parseServeArgs } from './serve-args.ts'
import { serve, untilSignal } from './serve-command.ts'

const DATA_DIR = join('data', 'demo')
const FILES = fileURLToPath(new URL('./arcade', import.meta.url))
const PLAYERS = 10
/** The players go on for longer than anybody watches. */
const PLAYED_FOR = '24h'
const STOP_MS_MAX = 5000

export async function demoCommand(argv: readonly string[]): Promise<number> {
  const [verb, fault, ...rest] = argv
  if (verb === 'break' || verb === 'mend') {
    if (rest.length > 0 || (verb === 'mend') === (fault !== undefined))
      throw new UsageError('expected `vigie demo break FAULT` or `vigie demo mend`')
    return tellDemo(verb, fault)
  }
  return runDemo(argv)
}

interface DemoArgs {
  /** Further flags of `vigie serve`. */
  serveArgs: string[]
  dataDir: string
  /** Gets every notification, besides the inbox. */
  webhook: string | undefined
  players: number
}

function parseDemoArgs(argv: readonly string[]): DemoArgs {
  const { values, positionals } = parseArgs({
    args: [...argv],
    strict: false,
    options: {
      'data.dir': { type: 'string' },
      webhook: { type: 'string' },
      players: { type: 'string' },
      'web.listen-address': { type: 'string' },
      'log.level': { type: 'string' },
    },
  })
  const { webhook, players = String(PLAYERS), 'data.dir': dataDir = DATA_DIR, ...others } = values
  if (positionals.length > 0)
    throw new UsageError(
      `found ${positionals.join(' ')}, expected \`vigie demo\`, \`vigie demo break FAULT\` or \`vigie demo mend\``,
    )
  if (!/^\d{1,4}$/.test(String(players)))
    throw new UsageError(`--players: found ${JSON.stringify(players)}, expected a whole number`)
  return {
    serveArgs: Object.entries({ 'log.level': 'warn', ...others }).map(
      ([name, value]) => `--${name}=${String(value)}`,
    ),
    dataDir: String(dataDir),
    webhook: webhook === undefined ? undefined : String(webhook),
    players: Number(players),
  }
}

async function runDemo(argv: readonly string[]): Promise<number> {
  const args = parseDemoArgs(argv)
  const running = findAddress(process.cwd(), [args.dataDir])
  if (running !== undefined)
    throw new UsageError(
      `a demo runs in this folder already, at ${running.url} (process ${running.pid})`,
    )
  // A demo starts afresh: what an earlier one stored would only show gaps.
  for (const part of ['tsdb', 'alerting', 'runs'])
    rmSync(join(args.dataDir, part), { recursive: true, force: true })
  makeFolders(args.dataDir)
  process.stdout.write('Starting the arcade (a games backend in nine processes) …\n')
  const arcade = await startDemoArcade(args.dataDir)
  let players: ChildProcess | undefined
  try {
    const configFile = resolve(args.dataDir, 'vigie.yml')
    writeFileSync(configFile, arcadeConfig(arcade.services(), configOptions(arcade, args)))
    const serveArgs = [
      `--config.file=${configFile}`,
      `--data.dir=${args.dataDir}`,
      `--dashboards.path=${join(args.dataDir, 'dashboards')}`,
    ]
    const loadEnv = playersEnv(arcade)
    const vigie = await serve(parseServeArgs([...serveArgs, ...args.serveArgs]), {
      demo: demoOf(arcade),
      loadEnv,
    })
    if (args.players > 0) players = startPlayers(vigie, loadEnv, args.players)
    const ended = untilSignal(vigie)
    process.stdout.write(demoGreeting(vigie, arcade))
    await ended
    process.stdout.write('Stopping …\n')
  } finally {
    await stopPlayers(players)
    await arcade.stop()
  }
  return 0
}

function startDemoArcade(dataDir: string): Promise<Arcade> {
  return startArcade({
    dataDir: resolve(dataDir, 'arcade'),
    ports: 'preferred',
    settings: demoSettings,
    entryUrl: (service) => new URL(`./arcade-${service}.js`, import.meta.url),
    env: process.env,
    log: createLogger('warn', '', (line) => void process.stderr.write(line), Date.now),
  })
}

const configOptions = (arcade: Arcade, args: DemoArgs): Parameters<typeof arcadeConfig>[1] => ({
  databaseUrl: arcade.databaseUrl,
  ruleFiles: [join(FILES, 'rules', '*.yml')],
  dashboardFolders: [join(FILES, 'dashboards')],
  loadScripts: join(FILES, 'load'),
  ...(args.webhook === undefined ? {} : { webhookUrl: args.webhook }),
})

const demoOf = (arcade: Arcade): Demo => ({
  state: () => Promise.resolve(demoState(arcade)),
  break: (fault) => arcade.break(fault),
  mend: () => arcade.mend(),
})

const demoState = (arcade: Arcade): DemoState => ({
  services: arcade
    .services()
    .map(({ name, url, state, port, pid }) => ({ name, url, state, port, pid })),
  faults: arcade
    .faults()
    .map(({ name, title, description, active }) => ({ name, title, description, active })),
})

/** Where the arcade's load scripts find its services. */
function playersEnv(arcade: Arcade): Record<string, string> {
  const urls = arcade
    .services()
    .map(({ name, url }) => [`${name.toUpperCase().replace(/-/g, '_')}_URL`, url])
  const gameServer = arcade.services().find((one) => one.name === 'game-server')
  return { ...Object.fromEntries(urls), GAME_SERVER_WS_URL: gameServer?.wsUrl ?? '' }
}

/** The players are a load run like any other, in a process of its own. */
function startPlayers(vigie: Vigie, env: Record<string, string>, count: number): ChildProcess {
  return spawn(
    process.execPath,
    [
      '--max-old-space-size=128',
      '--max-semi-space-size=2',
      fileURLToPath(new URL('./cli.js', import.meta.url)),
      'load',
      '--quiet',
      '--vigie',
      vigie.url,
      '-u',
      String(count),
      '-d',
      PLAYED_FOR,
      join(FILES, 'load', 'players.js'),
    ],
    {
      // Its end of the pipe closes with this process, however that ends.
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, ...env, VIGIE_END_WITH_STDIN: '1' },
    },
  )
}

async function stopPlayers(players: ChildProcess | undefined): Promise<void> {
  if (players === undefined || players.exitCode !== null || players.signalCode !== null) return
  const ended = new Promise((done) => players.once('exit', done))
  // The run has no result that anybody waits for.
  players.kill('SIGKILL')
  await Promise.race([ended, new Promise((done) => setTimeout(done, STOP_MS_MAX).unref())])
}

function demoGreeting(vigie: Vigie, arcade: Arcade): string {
  const rows = arcade.services().map(({ name, url }) => `  ${name.padEnd(20)} ${url}`)
  return [
    '',
    `Vigie is at ${vigie.url}`,
    '',
    'What to try next, in another terminal in this folder:',
    '  vigie demo break double     corrupt the data; a data check finds it',
    '  vigie demo break crash      or hang, slow, errors, leak, zombie, drop-events',
    '  vigie demo mend             take it back',
    '',
    'What runs where:',
    `  ${'vigie'.padEnd(20)} ${vigie.url}`,
    ...rows,
    '',
    'Ctrl+C ends it all.',
    '',
  ].join('\n')
}

async function tellDemo(verb: 'break' | 'mend', fault: string | undefined): Promise<number> {
  const address = findAddress(process.cwd(), [DATA_DIR])
  if (address === undefined)
    throw new UsageError('no demo runs in this folder; `vigie demo` starts one')
  const response = await fetch(`${address.url}/api/vigie/demo/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault === undefined ? {} : { fault }),
  })
  const answer = (await response.json()) as DemoState & { error?: string }
  if (!response.ok)
    throw new UsageError(answer.error ?? `${address.url} answered ${response.status}`)
  const active = answer.faults.filter((one) => one.active)
  process.stdout.write(
    active.length === 0
      ? `Mended. ${address.url}/alerts shows how alerts resolve.\n`
      : `${active.map((one) => `${one.title}: ${one.description}`).join('\n')}\nWatch ${address.url}/ or ${address.url}/alerts\n`,
  )
  return 0
}
