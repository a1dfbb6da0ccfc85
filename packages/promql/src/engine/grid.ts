/** The evaluation times of a node: `count` steps from `startMs`. */
export interface Grid {
  readonly startMs: number
  readonly stepMs: number
  readonly count: number
}

export const timeAt = ({ startMs, stepMs }: Grid, step: number): number => startMs + step * stepMs
export const lastTime = (grid: Grid): number => timeAt(grid, grid.count - 1)

/** The steps of the query itself. Its end, which `end()` means, may lie behind the last one. */
export interface QueryGrid extends Grid {
  readonly endMs: number
}
