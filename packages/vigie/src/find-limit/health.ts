/** Whether what the load is aimed at is still there, as the watching Vigie sees it. */
import type { VigieClient } from '../vigie-client.ts'

/** How a scrape fails when nobody listens any more; a slow answer is no crash. */
const GONE = /refused|reset|ECONN|EHOSTUNREACH|no such host/i

export interface Health {
  /** What has gone since the start, as one text; null: nothing. */
  down(): Promise<string | null>
}

/** Nobody watches. */
export const NO_HEALTH: Health = { down: () => Promise.resolve(null) }

/** Compares with the targets that are up now. A Vigie that does not answer knows of nothing. */
export async function healthOf(client: VigieClient): Promise<Health> {
  const upBefore = new Set((await targets(client)).filter(({ isUp }) => isUp).map(({ key }) => key))
  return {
    down: async () => {
      const gone = (await targets(client)).find(
        ({ key, isUp, error }) => upBefore.has(key) && !isUp && GONE.test(error),
      )
      return gone === undefined ? null : `${gone.name} is down: ${gone.error}`
    },
  }
}

async function targets(
  client: VigieClient,
): Promise<{ key: string; name: string; isUp: boolean; error: string }[]> {
  try {
    return (await client.targets()).map(({ scrapeUrl, health, lastError, labels }) => ({
      key: scrapeUrl,
      name: `${labels['job'] ?? ''} (${labels['instance'] ?? scrapeUrl})`,
      isUp: health === 'up',
      error: lastError,
    }))
  } catch {
    return []
  }
}
