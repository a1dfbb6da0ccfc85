import { runProcess } from '../platform/process.ts'
import { startStatsWorker } from '../stats-worker/stats-worker.ts'

await runProcess(() => startStatsWorker(process.env))
