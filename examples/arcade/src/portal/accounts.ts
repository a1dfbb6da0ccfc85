// Accounts and profiles in the database; the portal alone writes them.
import { randomUUID } from 'node:crypto'
import type { Database } from '../platform/postgres.ts'
import type { Player } from '../platform/token.ts'

export interface Account extends Player {
  password: string
}

/** Fields of a registration and what is wrong with each. */
export type FieldErrors = Record<string, string[]>

/** An account and its profile, both or neither; or which of the names is taken. */
export async function createAccount(
  database: Database,
  username: string,
  email: string,
  password: string,
): Promise<Player | FieldErrors> {
  const player: Player = { user_id: randomUUID(), username, account_type: 'PL' }
  const created = await database.query(
    `WITH account AS (
       INSERT INTO accounts (user_id, username, email, password)
       VALUES ($1::uuid, $2::text, $3::text, $4::text) ON CONFLICT DO NOTHING RETURNING user_id
     ) INSERT INTO profiles (user_id) SELECT user_id FROM account RETURNING user_id`,
    [player.user_id, username, email, password],
  )
  if (created.length > 0) return player
  return await takenFields(database, username, email)
}

/** Which of the two names another account has. */
export async function takenFields(
  database: Database,
  username: string,
  email: string,
): Promise<FieldErrors> {
  const errors: FieldErrors = {}
  const taken = await database.query<{ username: string; email: string }>(
    'SELECT username, email FROM accounts WHERE username = $1 OR email = $2',
    [username, email],
  )
  if (taken.some((one) => one.email === email))
    errors['email'] = ['This email address is already registered.']
  if (taken.some((one) => one.username === username))
    errors['username'] = ['This username is already registered.']
  return errors
}

export async function findAccount(database: Database, email: string): Promise<Account | null> {
  const found = await database.query<Account>(
    'SELECT user_id::text, username, account_type, password FROM accounts WHERE email = $1',
    [email],
  )
  return found[0] ?? null
}

export async function profileLevel(database: Database, userId: string): Promise<number | null> {
  const found = await database.query<{ level: number }>(
    'SELECT level FROM profiles WHERE user_id = $1::uuid',
    [userId],
  )
  return found[0]?.level ?? null
}

/** Names by user id, of those that have an account. */
export async function usernames(
  database: Database,
  userIds: readonly string[],
): Promise<Map<string, string>> {
  const found = await database.query<{ user_id: string; username: string }>(
    'SELECT user_id::text, username FROM accounts WHERE user_id::text = ANY($1::text[])',
    [userIds],
  )
  return new Map(found.map((one) => [one.user_id, one.username]))
}
