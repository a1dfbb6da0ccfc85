/** Against the real node_exporter: what it serves is stored, and our host metrics are its own. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Peer, startPeer } from '../../../interop/peers.ts'
import { hostMetrics } from '../src/index.ts'
import { Harness, job } from './harness.ts'

const PROGRAM = '/usr/bin/prometheus-node-exporter'
let exporter: Peer
let address: string

beforeAll(async () => {
  exporter = await startPeer(
    (port) => [PROGRAM, [`--web.listen-address=127.0.0.1:${port}`]],
    'Listening on',
  )
  address = new URL(exporter.url).host
})

afterAll(() => exporter?.kill())

test('its metrics are stored scrape after scrape, with nothing marked stale', async () => {
  const harness = new Harness()
  harness.manager.apply([job([address], { intervalMs: 500 })])
  await harness.until(() => harness.storage.commits >= 4)
  await harness.up(address)
  const load = harness.storage.dump((labels) => labels.metricName === 'node_load1')
  expect(load[0].split(' ').length).toBeGreaterThan(4)
  const cpu = harness.storage.dump((labels) => labels.metricName === 'node_cpu_seconds_total')
  expect(cpu.length % 8).toBe(0)
  expect(cpu.join()).not.toContain('stale')
  expect(harness.storage.last('scrape_samples_scraped')).toBeGreaterThan(300)
})

test('our host metrics are families of its, with the same type', async () => {
  const families = (text: string): string[] =>
    text.split('\n').filter((line) => line.startsWith('# TYPE'))
  const theirs = families(await (await fetch(`http://${address}/metrics`)).text())
  const ours = families(await hostMetrics())
  expect(ours.length).toBeGreaterThan(60)
  expect(ours.filter((line) => !theirs.includes(line))).toEqual([])
})
