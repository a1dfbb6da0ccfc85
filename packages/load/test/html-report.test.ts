// The HTML report of a real run.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runScript } from './run-script.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigie-report-'))
const server = createServer((_, response) => response.end('hello'))
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

test('one file, the verdict first, nothing loaded from elsewhere, nothing unescaped', async () => {
  const path = join(folder, 'report.html')
  const { code } = await runScript(
    `import http from 'k6/http'; import { check, group } from 'k6'
    export const options = { iterations: 3, thresholds: { http_req_failed: ['rate<0.5'], http_reqs: ['count>9'] } }
    export default function () {
      const res = http.get('${base}/?q=<script>', { tags: { name: '<b>&"' } })
      group('one', () => group('two', () => check(res, { '</script> is 200': (r) => r.status === 200 })))
    }`,
    { flags: ['--report', path] },
  )
  expect(code).toBe(99)
  const html = readFileSync(path, 'utf8')
  const body = html.slice(html.indexOf('<body>'))
  expect(body).toMatch(/^<body><main><header><h1>script.js<\/h1><span class="verdict bad">✗ Failed/)
  expect(html).not.toMatch(/(src|href)=|url\(|@import/)
  expect(body).toContain('&lt;b&gt;&amp;&quot;</td>')
  expect(body).toContain('one › two › &lt;/script&gt; is 200')
  expect(body).not.toContain('<b>&"')
  expect(body.match(/<figure class="chart">/g)!.length).toBeGreaterThanOrEqual(3)
  expect(body).toMatch(
    /<td class="bad">✗<\/td><td class="wide">http_reqs<\/td><td>count&gt;9<\/td>/,
  )
})
