import { runProcess } from '../platform/process.ts'
import { startGameClient } from '../game-client/game-client.ts'

await runProcess(() => startGameClient(process.env))
