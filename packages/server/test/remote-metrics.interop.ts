/** What remote write says of itself, beside a real Prometheus: names, types and labels. */
import { afterEach, expect, test } from 'vitest'
import { type Peer, freePort, startPrometheus } from '../../../interop/peers.ts'
import { type TestVigie, startTestVigie } from './start-vigie.ts'

let vigie: TestVigie | undefined
let peer: Peer | undefined

afterEach(async () => {
  await vigie?.stop()
  await peer?.kill()
})

/** `name type` and `name{labels}`, each once. */
async function described(url: string): Promise<Set<string>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').flatMap((line) => {
    const type = /^# TYPE (prometheus_remote_storage_\S+ \w+)$/.exec(line)
    if (type !== null) return [type[1]]
    const sample = /^(prometheus_remote_storage_\w+)(?:\{(.*)\})? \S+$/.exec(line)
    if (sample === null) return []
    const labels = (sample[2] ?? '').replaceAll(/(remote_name|url)="[^"]*"/g, '$1')
    return [`${sample[1]}{${labels}}`]
  })
  return new Set(lines)
}

test('metrics of remote write are those of Prometheus', async () => {
  const config = `remote_write:\n- url: http://127.0.0.1:${await freePort()}/write\n`
  peer = await startPrometheus({ config })
  vigie = await startTestVigie(`default_rules: false\n${config}`)
  const [ours, theirs] = await Promise.all([described(vigie.url), described(peer.url)])
  expect(theirs.size).toBeGreaterThan(40)
  // Go's sharing of texts has no like here.
  const missing = [...theirs].filter((one) => !ours.has(one) && !one.includes('string_interner'))
  expect(missing).toEqual([])
})
