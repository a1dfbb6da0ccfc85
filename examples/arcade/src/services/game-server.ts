import { runProcess } from '../platform/process.ts'
import { startGameServer } from '../game-server/game-server.ts'

await runProcess(() => startGameServer(process.env))
