/**
 * The browser of the tests: $CHROMIUM_PATH, else /usr/bin/chromium, else the one that
 * @sparticuz/chromium ships with the libraries it needs.
 */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function launchBrowser(): Promise<Browser> {
  const installed = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  if (existsSync(installed)) return chromium.launch({ executablePath: installed, args: ARGS })
  return launchShipped()
}

async function launchShipped(): Promise<Browser> {
  // The package unpacks its own NSS libraries only where it believes to be at home.
  process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs22.x'
  const { default: shipped } = await import('@sparticuz/chromium')
  const executablePath = await shipped.executablePath()
  const args = shipped.args.filter((arg) => arg !== '--disable-web-security')
  return chromium.launch({
    executablePath,
    args: [...args, ...ARGS],
    env: { ...process.env } as Record<string, string>,
  })
}
