export { arcadeConfig } from './supervisor/config.ts'
export type { ArcadeConfigOptions, ServiceAddress } from './supervisor/config.ts'
export { dataChecks } from './supervisor/checks.ts'
export type { DataCheck } from './supervisor/checks.ts'
export { startArcade } from './supervisor/start-arcade.ts'
export type { Arcade, ArcadeFault, ArcadeOptions, ArcadeService } from './supervisor/arcade.ts'
export {
  defaultSettings,
  demoSettings,
  faultCatalogue,
  preferredPorts,
  serviceNames,
} from './supervisor/catalogue.ts'
export type {
  ArcadeSettings,
  FaultDescription,
  PortName,
  ServiceName,
} from './supervisor/catalogue.ts'
