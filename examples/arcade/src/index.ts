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
