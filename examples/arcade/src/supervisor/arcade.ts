// What the arcade looks like to the one who runs it.
import type { Logger } from '../platform/logger.ts'
import type { ArcadeSettings, ServiceName } from './catalogue.ts'

/** One process of the arcade as it is now. */
export interface ArcadeService {
  name: ServiceName
  /** Where it answers; `postgres://…` for the database. */
  url: string
  port: number
  /** Websocket address; the game server's alone. */
  wsUrl: string | null
  /** Null while it does not run. */
  pid: number | null
  state: 'up' | 'down' | 'hung'
  /** Where it is scraped; null for the database, which has no metrics. */
  metricsUrl: string | null
}

/** A fault and whether it is on. */
export interface ArcadeFault {
  name: string
  title: string
  description: string
  service: ServiceName
  active: boolean
}

export interface ArcadeOptions {
  /** Folder of the embedded database; created when missing. */
  dataDir: string
  /** `preferred` takes the usual ports or the next free ones, `0` any free ones. */
  ports?: 'preferred' | 0
  settings?: Partial<ArcadeSettings>
  /** A real PostgreSQL instead of the embedded one. */
  databaseUrl?: string
  /** The JavaScript file that a service's process runs; by default the one beside this module. */
  entryUrl?: (service: ServiceName) => URL | string
  /** Environment that the processes start from. */
  env?: Readonly<Record<string, string | undefined>>
  log?: Logger
}

export interface Arcade {
  readonly databaseUrl: string
  services(): ArcadeService[]
  faults(): ArcadeFault[]
  /** Switches a fault on. Throws when the name is unknown or its service cannot be reached. */
  break(fault: string): Promise<void>
  /** Takes everything back: restarts what is gone, switches faults off, repairs the data. */
  mend(): Promise<void>
  /** Ends every process; resolves when none is left. */
  stop(): Promise<void>
}
