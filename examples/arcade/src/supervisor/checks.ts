// What must hold in the arcade's data at any moment, as SQL that returns the rows that are wrong.
//
// None of them needs time to settle: a difference that a consumer will close when it has read further
// is told apart by the consumer's saved index.

export interface DataCheck {
  name: string
  /** What it means when rows come back. */
  meaning: string
  query: string
}

export const dataChecks: readonly DataCheck[] = [
  {
    name: 'wins_equal_losses',
    meaning: 'Every finished game is one win and one loss, counted once.',
    query: `WITH seen AS (
  SELECT last_id FROM consumer_index WHERE consumer = 'stats-worker'
), played AS (
  SELECT user_id, sum(won) AS won, count(*) - sum(won) AS lost FROM (
    SELECT winner_id AS user_id, 1 AS won FROM matches, seen WHERE game_over_id <= last_id
    UNION ALL
    SELECT loser_id, 0 FROM matches, seen WHERE game_over_id <= last_id
  ) AS results GROUP BY user_id
)
SELECT coalesce(a.username, s.user_id, p.user_id) AS player,
  s.wins, coalesce(p.won, 0) AS games_won, s.losses, coalesce(p.lost, 0) AS games_lost
FROM player_stats s
FULL JOIN played p ON p.user_id = s.user_id
LEFT JOIN accounts a ON a.user_id::text = coalesce(s.user_id, p.user_id)
WHERE coalesce(s.wins, 0) <> coalesce(p.won, 0) OR coalesce(s.losses, 0) <> coalesce(p.lost, 0)
ORDER BY player LIMIT 100`,
  },
  {
    name: 'lobby_games_exist',
    meaning: 'The game server holds every game that the lobby offers.',
    query: `SELECT g.game_id, g.creator_name, g.state, g.last_updated
FROM games g
WHERE g.list = 'lobby'
  AND NOT EXISTS (SELECT 1 FROM live_games l WHERE l.game_id = g.game_id)
  AND NOT EXISTS (
    SELECT 1 FROM game_events e, consumer_index i
    WHERE e.game_id = g.game_id AND e.type = 'game_removed'
      AND i.consumer = 'matchmaker-worker' AND e.id > i.last_id
  )
ORDER BY g.created_at LIMIT 100`,
  },
  {
    name: 'events_produced_equal_consumed',
    meaning: 'The statistics have counted exactly the events that the game server produced.',
    query: `SELECT m.game_id, m.events_produced, coalesce(c.consumed, 0) AS events_consumed, m.ended_at
FROM matches m
JOIN consumer_index i ON i.consumer = 'stats-worker' AND m.last_event_id <= i.last_id
LEFT JOIN consumed_events c ON c.game_id = m.game_id
WHERE m.events_produced <> coalesce(c.consumed, 0)
ORDER BY m.ended_at DESC LIMIT 100`,
  },
  {
    name: 'finished_games_leave',
    meaning: 'A game that is over leaves the game server within ten seconds.',
    query: `SELECT m.game_id, m.winner_id, m.ended_at
FROM matches m
JOIN live_games l ON l.game_id = m.game_id
WHERE m.ended_at < now() - interval '10 seconds'
ORDER BY m.ended_at LIMIT 100`,
  },
]
