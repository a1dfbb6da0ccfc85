/**
 * When a target is scraped: every interval, at a phase of its own, so that the targets of a job are
 * spread over the interval and keep their place in it across restarts.
 */

/** Timer jitter that is taken out of timestamps: regular ones compress far better. */
const TOLERANCE_MAX_MS = 2

/** FNV-1a, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The first tick after `nowMs`. */
export function nextTick(nowMs: number, intervalMs: number, phaseMs: number): number {
  return Math.floor((nowMs - phaseMs) / intervalMs + 1) * intervalMs + phaseMs
}

/** The timestamp of a scrape that was due at `tickMs` and began at `nowMs`. */
export function alignedTime(nowMs: number, tickMs: number, intervalMs: number): number {
  const tolerance = Math.min(TOLERANCE_MAX_MS, intervalMs / 100)
  return Math.abs(nowMs - tickMs) <= tolerance ? tickMs : nowMs
}
