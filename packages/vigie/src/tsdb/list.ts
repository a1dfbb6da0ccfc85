/** `vigie tsdb list`: the blocks of a directory, as promtool shows them. */
import { type BlockOnDisk, openBlocks } from '@vigie/tsdb'
import { type Output, directory, parseArguments } from './arguments.ts'
import { goBytes, goDuration, goTable, goTime } from './go-text.ts'

const TITLES = [
  'BLOCK ULID',
  'MIN TIME',
  'MAX TIME',
  'DURATION',
  'NUM SAMPLES',
  'NUM CHUNKS',
  'NUM SERIES',
  'SIZE',
]

export async function list(argv: readonly string[], output: Output): Promise<void> {
  const flags = { 'human-readable': { type: 'boolean', short: 'r' } } as const
  const args = parseArguments(argv, flags, 1)
  const blocks = openBlocks(directory(args.positionals[0], output))
  for (const { block } of blocks) block.close()
  await output.stdout(blockTable(blocks, args.has('human-readable')))
}

export type ListedBlock = Pick<BlockOnDisk, 'meta' | 'sizeBytes'>

export function blockTable(blocks: readonly ListedBlock[], isHuman: boolean): string {
  const time = isHuman ? goTime : String
  const rows = blocks.map(({ meta, sizeBytes }) => [
    meta.ulid,
    time(meta.minTime),
    time(meta.maxTime),
    goDuration(meta.maxTime - meta.minTime),
    String(meta.stats.numSamples ?? 0),
    String(meta.stats.numChunks ?? 0),
    String(meta.stats.numSeries ?? 0),
    isHuman ? goBytes(sizeBytes) : String(sizeBytes),
  ])
  return goTable([TITLES, ...rows])
}
