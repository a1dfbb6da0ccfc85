/** Fetches what Vigie has of the target over a run, and asks which series gave first. */
import type { LimitReport, SuspectReport } from '@vigie/load'
import type { VigieClient } from '../vigie-client.ts'

export async function findSuspects(
  client: VigieClient,
  report: LimitReport,
): Promise<SuspectReport[]> {
  void client
  void report
  return []
}
