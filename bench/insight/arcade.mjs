// Two ceilings of the arcade (examples/arcade), all of its processes running: the pool of the stats service,
// and the stats worker.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoSettings, startArcade } from '../../examples/arcade/dist/index.js'

async function start(settings, service) {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigie-insight-arcade-'))
  process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  const arcade = await startArcade({
    dataDir,
    ports: 0,
    settings: { ...demoSettings, ...settings },
    env: process.env,
  })
  const services = arcade.services()
  return {
    url: services.find((one) => one.name === service).url,
    scrape: services.flatMap(({ metricsUrl }) =>
      metricsUrl === null ? [] : [new URL(metricsUrl).origin],
    ),
    jobs: services.flatMap(({ name, metricsUrl }) => (metricsUrl === null ? [] : [name])),
    stop: () => arcade.stop(),
  }
}

/** Four connections, each held for 40 ms: a little less than 100/s; the bench measures it. */
export const arcadePool = () => start({ DATABASE_CONNECTIONS: 4, DATABASE_HOLD_MS: 40 }, 'stats')

/** 15 events, then a pause of 100 ms: less than 150/s; the bench measures it. */
export const arcadeWorker = () =>
  start({ WORKER_BATCH: 15, WORKER_SLEEP_MS: 100, WORKER_LAG_MS: 250 }, 'game-server')
