import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { arcadeConfig, preferredPorts, serviceNames } from '../src/index.ts'

const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const services = serviceNames.map((name) => ({
  name,
  port: preferredPorts[name],
  wsUrl: name === 'game-server' ? `ws://127.0.0.1:${preferredPorts['game-server-ws']}` : null,
}))

test('vigie.yml is the configuration for the usual ports', () => {
  expect(readFileSync(file('vigie.yml'), 'utf8')).toBe(
    arcadeConfig(services, {
      databaseUrl: '${DATABASE_URL}',
      ruleFiles: ['rules/*.yml'],
      dashboardFolders: ['dashboards'],
      loadScripts: 'load',
    }),
  )
})

test('a webhook becomes a receiver, and quotes stay text', () => {
  const text = arcadeConfig(services, {
    databaseUrl: "postgres://o'hara@localhost/arcade",
    ruleFiles: [],
    dashboardFolders: [],
    loadScripts: 'load',
    webhookUrl: 'http://127.0.0.1:9999/hook',
  })
  expect(text).toContain("url: 'postgres://o''hara@localhost/arcade'")
  expect(text).toContain("webhook_configs:\n        - url: 'http://127.0.0.1:9999/hook'")
})

test.each(readdirSync(file('dashboards')))('%s is a dashboard with a uid and panels', (name) => {
  const dashboard = JSON.parse(readFileSync(file(`dashboards/${name}`), 'utf8'))
  expect(dashboard.uid).toMatch(/^[\w-]{1,40}$/)
  const panels = [...(dashboard.panels ?? [])] as { id: number }[]
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
})
