import { runProcess } from '../platform/process.ts'
import { startDatabase } from '../database/database.ts'

await runProcess(() => startDatabase(process.env))
