// The site: the page that players open first.
import type { Environment } from '../platform/settings.ts'
import { startStaticSite } from '../platform/static-site.ts'

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Arcade</title></head>
<body><h1>Arcade</h1><p>Games for two. Log in, find somebody, play.</p></body>
</html>
`

/** Starts the service; the result ends it. */
export function startSite(env: Environment): Promise<() => Promise<void>> {
  return startStaticSite(env, 8002, [
    { path: '/', type: 'text/html; charset=utf-8', body: Buffer.from(page) },
  ])
}
