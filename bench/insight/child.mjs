// One system as a process of its own: tells its parent { url, scrape } and ends with it.
import { SYSTEMS } from './systems.mjs'

const { stop, ...started } = await SYSTEMS.get(process.argv[2])()
process.send(started)
process.on('disconnect', () => {
  void Promise.resolve(stop?.()).finally(() => process.exit(0))
})
