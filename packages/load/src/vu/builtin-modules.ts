/** The built-in modules as one VU imports them: name -> namespace. */
import { createK6Summary } from '../jslib/k6-summary.ts'
import { createK6Utils } from '../jslib/k6-utils.ts'
import { createPapaparse } from '../jslib/papaparse.ts'
import { createCrypto } from './crypto.ts'
import { createEncoding } from './encoding.ts'
import { createExecution } from './execution.ts'
import { createHtml } from './html.ts'
import { createHttp } from './http.ts'
import { createK6 } from './k6.ts'
import { createMetrics } from './metrics.ts'
import { openSharedArray, shareElements } from './data.ts'
import type { Vu } from './vu.ts'
import { createOldWebSockets, createWebSockets } from './websockets.ts'
import { createWs } from './ws.ts'

const MODULES = new Map<string, (vu: Vu) => Record<string, unknown>>([
  ['k6', createK6],
  ['k6/http', createHttp],
  ['k6/ws', createWs],
  ['k6/metrics', createMetrics],
  ['k6/execution', createExecution],
  ['k6/data', createData],
  ['k6/html', createHtml],
  ['k6/websockets', createWebSockets],
  ['k6/experimental/websockets', createOldWebSockets],
  ['jslib/k6-summary', createK6Summary],
  ['jslib/k6-utils', createK6Utils],
  ['jslib/papaparse', createPapaparse],
  ['k6/encoding', createEncoding],
  ['k6/crypto', createCrypto],
  ['k6/timers', createTimersModule],
])

/** A new instance for `vu`; the members hang on the namespace and on its default export. */
export function builtinModule(name: string, vu: Vu): Record<string, unknown> {
  const members = MODULES.get(name)!(vu)
  return Object.defineProperties({ default: members }, Object.getOwnPropertyDescriptors(members))
}

/** The same timers as the globals. */
function createTimersModule(vu: Vu): Record<string, unknown> {
  const names = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval']
  return Object.fromEntries(names.map((name) => [name, vu.global[name]]))
}

function createData(vu: Vu): Record<string, unknown> {
  const { sharedArrays } = vu.environment
  function SharedArray(name: unknown, make: unknown): unknown {
    if (vu.stage !== 'init') throw new Error('new SharedArray must be called in the init context')
    if (typeof name !== 'string' || name === '')
      throw new Error("empty name provided to SharedArray's constructor")
    if (typeof make !== 'function')
      throw new Error("a function is expected as the second argument of SharedArray's constructor")
    let elements = sharedArrays.get(name)
    if (elements === undefined) {
      const made: unknown = (make as () => unknown)()
      if (!Array.isArray(made)) throw new Error('only arrays can be made into SharedArray')
      sharedArrays.set(name, (elements = shareElements(made)))
    }
    return openSharedArray(elements)
  }
  return { SharedArray }
}
