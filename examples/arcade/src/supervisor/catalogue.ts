// What the arcade consists of: its services with their usual ports, its settings, and the faults
// that can be switched on in it. Data only.

/** Every process of the arcade, in the order in which they start. */
export const serviceNames = [
  'database',
  'portal',
  'site',
  'game-client',
  'matchmaker',
  'matchmaker-worker',
  'stats',
  'stats-worker',
  'game-server',
] as const

export type ServiceName = (typeof serviceNames)[number]

/** A listening socket of the arcade; the game server has a second one, for websockets. */
export type PortName = ServiceName | 'game-server-ws'

/** Ports that are tried first. A busy one is replaced by the next free one. */
export const preferredPorts: Readonly<Record<PortName, number>> = {
  database: 5433,
  portal: 8000,
  site: 8002,
  'game-client': 8090,
  matchmaker: 5050,
  'matchmaker-worker': 5051,
  stats: 5000,
  'stats-worker': 5002,
  'game-server': 8080,
  'game-server-ws': 8085,
}

/** The arcade's dials; each is an environment variable of the services. */
export interface ArcadeSettings {
  /** Length of a game tick in ms; a game of two rounds takes about 71 ticks. */
  TICK_MS: number
  /** Cost of hashing one password, in ms on the machine where 216,000 rounds take 69 ms. */
  HASH_MS: number
  /** Events that a worker takes in one batch. */
  WORKER_BATCH: number
  /** Pause of a worker after each batch, in ms. */
  WORKER_SLEEP_MS: number
  /** How often a worker looks how far behind it is, in ms. */
  WORKER_LAG_MS: number
  /** Connections of each service to the database. */
  DATABASE_CONNECTIONS: number
  /** How long a statement holds its connection at least, in ms; 0: as long as it takes. */
  DATABASE_HOLD_MS: number
  /** Size of the game client's script in KB. */
  MAIN_JS_KB: number
  /** Requests that the portal works on at the same time. */
  PORTAL_CONCURRENCY: number
}

/** As the platform runs in earnest. */
export const defaultSettings: Readonly<ArcadeSettings> = {
  TICK_MS: 1000,
  HASH_MS: 69,
  WORKER_BATCH: 10,
  WORKER_SLEEP_MS: 100,
  WORKER_LAG_MS: 1000,
  DATABASE_CONNECTIONS: 2,
  DATABASE_HOLD_MS: 0,
  MAIN_JS_KB: 2048,
  PORTAL_CONCURRENCY: 1,
}

/** Short games and cheap passwords, so that something happens within seconds. */
export const demoSettings: Readonly<ArcadeSettings> = {
  ...defaultSettings,
  TICK_MS: 50,
  HASH_MS: 8,
  MAIN_JS_KB: 256,
}

/** A fault of the catalogue: where it is switched on and what a viewer is told about it. */
export interface FaultDescription {
  name: string
  title: string
  description: string
  service: ServiceName
}

export const faultCatalogue: readonly FaultDescription[] = [
  {
    name: 'crash',
    title: 'Crash the matchmaker',
    description: 'The matchmaker exits at once. Nobody restarts it.',
    service: 'matchmaker',
  },
  {
    name: 'hang',
    title: 'Hang the matchmaker',
    description:
      'The matchmaker accepts connections and answers nothing: its event loop is blocked.',
    service: 'matchmaker',
  },
  {
    name: 'slow',
    title: 'Slow down the portal',
    description: 'Every request to the portal takes 0.8 s longer, one after the other.',
    service: 'portal',
  },
  {
    name: 'errors',
    title: 'Errors from the portal',
    description: 'The portal answers 500 for two of every three seconds.',
    service: 'portal',
  },
  {
    name: 'leak',
    title: 'Leak memory in the stats service',
    description: 'The stats service keeps 4 MB more every second, up to 200 MB.',
    service: 'stats',
  },
  {
    name: 'double',
    title: 'Count events twice',
    description:
      'The stats worker forgets to save where it was and counts every batch of events twice.',
    service: 'stats-worker',
  },
  {
    name: 'zombie',
    title: 'A game that is gone stays in the lobby',
    description: 'The lobby offers a game that the game server does not know; joining it fails.',
    service: 'matchmaker',
  },
  {
    name: 'drop-events',
    title: 'Lose events',
    description: 'The game server loses one in five of the events that players cause.',
    service: 'game-server',
  },
  {
    name: 'close0',
    title: 'Finished games stay open',
    description: 'The game server closes with an invalid code; sockets and games stay behind.',
    service: 'game-server',
  },
  {
    name: 'slow-stats',
    title: 'Slow down the stats service',
    description: 'Every answer of the stats service takes 0.8 s longer; the portal waits for it.',
    service: 'stats',
  },
]
