import { runProcess } from '../platform/process.ts'
import { startSite } from '../site/site.ts'

await runProcess(() => startSite(process.env))
