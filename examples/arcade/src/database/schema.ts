// The tables that the arcade's services share, and the statements that put corrupted data right.
//
//   accounts, profiles         who plays                                   written by portal
//   games                      the lobby: list = pending | lobby | active  matchmaker and its worker
//   live_games                 games that the game server really holds     game server
//   game_events                append-only stream of what happens          game server
//   consumer_index             last event that each consumer has handled   both workers
//   matches                    ledger of finished games                    game server
//   consumed_events            events counted, by game                     stats worker
//   player_stats, leaderboard  what players see                            stats worker
//
// There is one writer of game_events, so ids become visible in their order and a consumer that
// saves the last id it has seen misses nothing.

/** Creates whatever is missing; runs at every start. */
export const schema = `
CREATE TABLE IF NOT EXISTS accounts (
  user_id uuid PRIMARY KEY,
  username text NOT NULL UNIQUE,
  email text NOT NULL UNIQUE,
  password text NOT NULL,
  account_type text NOT NULL DEFAULT 'PL',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS profiles (
  user_id uuid PRIMARY KEY REFERENCES accounts,
  level integer NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS games (
  game_id text PRIMARY KEY,
  product_id text NOT NULL,
  list text NOT NULL,
  state text NOT NULL,
  creator_id text NOT NULL,
  creator_name text NOT NULL,
  players jsonb NOT NULL,
  settings jsonb NOT NULL,
  token text NOT NULL,
  game_server_url text NOT NULL,
  target_game_server text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_updated timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS live_games (
  game_id text PRIMARY KEY,
  product_id text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS game_events (
  id bigserial PRIMARY KEY,
  product_id text NOT NULL,
  game_id text NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS game_events_removed ON game_events (game_id) WHERE type = 'game_removed';
CREATE TABLE IF NOT EXISTS consumer_index (
  consumer text PRIMARY KEY,
  last_id bigint NOT NULL
);
INSERT INTO consumer_index VALUES ('matchmaker-worker', 0), ('stats-worker', 0)
  ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS matches (
  game_id text PRIMARY KEY,
  product_id text NOT NULL,
  winner_id text NOT NULL,
  loser_id text NOT NULL,
  events_produced integer NOT NULL,
  game_over_id bigint NOT NULL,
  last_event_id bigint NOT NULL,
  ended_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS consumed_events (
  game_id text PRIMARY KEY,
  consumed integer NOT NULL
);
CREATE TABLE IF NOT EXISTS player_stats (
  product_id text NOT NULL,
  user_id text NOT NULL,
  games integer NOT NULL DEFAULT 0,
  wins integer NOT NULL DEFAULT 0,
  losses integer NOT NULL DEFAULT 0,
  botch integer NOT NULL DEFAULT 0,
  rock integer NOT NULL DEFAULT 0,
  paper integer NOT NULL DEFAULT 0,
  scissors integer NOT NULL DEFAULT 0,
  PRIMARY KEY (product_id, user_id)
);
CREATE TABLE IF NOT EXISTS leaderboard (
  product_id text NOT NULL,
  user_id text NOT NULL,
  score double precision NOT NULL,
  PRIMARY KEY (product_id, user_id)
);
`

/**
 * Puts right what the data faults leave behind, in one statement. Results and scores are taken from
 * the ledger of matches again, event counts from the ledger for finished games and from the stream
 * for those that go on. Choices of weapons that were counted twice stay as they are: nothing
 * remembers the right figure.
 */
export const repairStatistics = `
WITH seen AS (
  SELECT last_id FROM consumer_index WHERE consumer = 'stats-worker'
), results AS (
  SELECT product_id, user_id, sum(won)::int AS wins, sum(1 - won)::int AS losses FROM (
    SELECT product_id, winner_id AS user_id, 1 AS won FROM matches, seen WHERE game_over_id <= last_id
    UNION ALL
    SELECT product_id, loser_id, 0 FROM matches, seen WHERE game_over_id <= last_id
  ) AS played GROUP BY product_id, user_id
), stats AS (
  INSERT INTO player_stats (product_id, user_id, games, wins, losses)
  SELECT product_id, user_id, wins + losses, wins, losses FROM results
  ON CONFLICT (product_id, user_id)
  DO UPDATE SET games = excluded.games, wins = excluded.wins, losses = excluded.losses
), scores AS (
  INSERT INTO leaderboard (product_id, user_id, score)
  SELECT product_id, user_id, wins FROM results
  ON CONFLICT (product_id, user_id) DO UPDATE SET score = excluded.score
), counts AS (
  SELECT game_id, events_produced AS consumed FROM matches, seen WHERE last_event_id <= last_id
  UNION ALL
  SELECT e.game_id, count(*)::int FROM game_events e, seen
  WHERE e.id <= last_id AND NOT EXISTS (
    SELECT 1 FROM matches m WHERE m.game_id = e.game_id AND m.last_event_id <= last_id
  ) GROUP BY e.game_id
)
INSERT INTO consumed_events (game_id, consumed) SELECT game_id, consumed FROM counts
ON CONFLICT (game_id) DO UPDATE SET consumed = excluded.consumed
  WHERE consumed_events.consumed <> excluded.consumed
`

/** Takes lobby entries out whose game the game server does not hold and whose removal was handled. */
export const repairLobby = `
DELETE FROM games g
WHERE g.list = 'lobby'
  AND NOT EXISTS (SELECT 1 FROM live_games l WHERE l.game_id = g.game_id)
`
