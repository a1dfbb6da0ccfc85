// The game client: one big script, as a development bundle is.
import { integerSetting } from '../platform/settings.ts'
import type { Environment } from '../platform/settings.ts'
import { startStaticSite } from '../platform/static-site.ts'

/** Starts the service; the result ends it. */
export function startGameClient(env: Environment): Promise<() => Promise<void>> {
  const sizeBytes = integerSetting(env, 'MAIN_JS_KB', 2048, [1, 65_536]) * 1024
  const line = '/* the game client */\n'
  const body = Buffer.alloc(sizeBytes, line)
  return startStaticSite(env, 8090, [{ path: '/main.js', type: 'application/javascript', body }])
}
