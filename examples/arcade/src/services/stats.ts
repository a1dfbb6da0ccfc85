import { runProcess } from '../platform/process.ts'
import { startStats } from '../stats/stats.ts'

await runProcess(() => startStats(process.env))
