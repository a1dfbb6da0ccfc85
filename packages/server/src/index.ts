/** Configuration, HTTP API and wiring of a running Vigie. */
export { parseConfig, type ConfigInput, type VigieConfig } from './config/config.ts'
export { ConfigError, type Problem } from './config/source.ts'
export { parseSize } from './config/fields.ts'
export { parseWebConfig, type WebConfig } from './config/web-config.ts'
export { SUCCESS_START, successEnd } from './http/envelope.ts'
export { exemplarsJson } from './http/api-exemplars.ts'
export { JsonBytes } from './http/json-bytes.ts'
export { writeResult } from './http/prom-json.ts'
export { isLoopback } from './http/safety.ts'
export type { LoadProcess, LoadRequest, StartLoad } from './load/load-launcher.ts'
export { ListenError } from './listen.ts'
export {
  startVigie,
  type Demo,
  type DemoState,
  type Logger,
  type Vigie,
  type VigieOptions,
} from './vigie.ts'
