import { runProcess } from '../platform/process.ts'
import { startPortal } from '../portal/portal.ts'

await runProcess(() => startPortal(process.env))
