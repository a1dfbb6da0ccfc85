// Keeps the lobby in step with what the game server reports, and removes games that stay too long.
import { changeState, expiredGames, removeGame, removePlayer } from '../matchmaker/lobby.ts'
import type { GameState, LobbyGame } from '../matchmaker/lobby.ts'
import { saveIndex } from '../platform/game-events.ts'
import type { StoredEvent } from '../platform/game-events.ts'
import { connectPeer } from '../platform/peer.ts'
import type { Peer } from '../platform/peer.ts'
import type { Database } from '../platform/postgres.ts'
import { urlSetting } from '../platform/settings.ts'
import type { Environment } from '../platform/settings.ts'
import { startWorker } from '../platform/worker.ts'

const purgeEveryMs = 1000
const purgeMax = 10

/** Starts the worker; the result ends it. */
export async function startMatchmakerWorker(env: Environment): Promise<() => Promise<void>> {
  const gameServer = connectPeer(urlSetting(env, 'GAME_SERVER_URL', 'http://127.0.0.1:8080'))
  const stop = await startWorker(env, {
    consumer: 'matchmaker-worker',
    prefix: 'matchmaker_worker',
    defaultPort: 5051,
    handle: async (database, events) => {
      let handled = 0
      // Each change can be made twice without harm, so the index may follow after the batch.
      for (const event of events) if (await follow(database, event)) handled++
      await saveIndex(database, 'matchmaker-worker', events.at(-1)!.id)
      return handled
    },
    chore: { everyMs: purgeEveryMs, run: (database) => purge(database, gameServer) },
  })
  return async () => {
    await stop()
    gameServer.close()
  }
}

/** False when the event does not concern the lobby. */
async function follow(database: Database, event: StoredEvent): Promise<boolean> {
  switch (event.type) {
    case 'state_change':
      await changeState(database, event.gameId, event.data['new_state'] as GameState)
      return true
    case 'player_disconnect':
      await removePlayer(database, event.gameId, event.data['player_id']!)
      return true
    case 'game_removed':
      await removeGame(database, event.gameId)
      return true
    case 'gameplay':
    case 'game_over':
      return false
  }
}

async function purge(database: Database, gameServer: Peer): Promise<void> {
  for (const game of await expiredGames(database, purgeMax)) {
    if (game.state === 'creator_joined' && isFull(game)) {
      const guest = game.players.at(-1)!
      await removePlayer(database, game.game_id, guest)
      await gameServer.post('/remove_player', { gameId: game.game_id, userId: guest })
    } else {
      await removeGame(database, game.game_id)
      await gameServer.post('/remove_game', { gameId: game.game_id })
    }
  }
}

function isFull(game: LobbyGame): boolean {
  return game.players.length >= game.settings.num_players
}
