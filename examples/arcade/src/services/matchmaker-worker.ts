import { runProcess } from '../platform/process.ts'
import { startMatchmakerWorker } from '../matchmaker-worker/matchmaker-worker.ts'

await runProcess(() => startMatchmakerWorker(process.env))
