import { runProcess } from '../platform/process.ts'
import { startMatchmaker } from '../matchmaker/matchmaker.ts'

await runProcess(() => startMatchmaker(process.env))
