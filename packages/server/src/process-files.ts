/** What Linux says in `/proc` of this process, under the names of Prometheus's client libraries. */
import { readFileSync, readdirSync } from 'node:fs'

/** Name of a metric of `process_*` to its value. */
export type ProcessFigures = ReadonlyMap<string, number>

/** What a limit that is not set counts as: the largest unsigned number of 64 bits. */
const UNLIMITED = 2 ** 64

/** Place of the virtual memory size behind the command in `/proc/self/stat`; see proc(5), field 23. */
const VSIZE = 20

/** Nothing where there is no `/proc`. */
export function processFigures(): ProcessFigures {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    return new Map([
      ['process_open_fds', readdirSync('/proc/self/fd').length],
      ['process_max_fds', softLimit(limits, 'Max open files')],
      ['process_virtual_memory_bytes', virtualBytes(readFileSync('/proc/self/stat', 'utf8'))],
      ['process_virtual_memory_max_bytes', softLimit(limits, 'Max address space')],
    ])
  } catch {
    return new Map()
  }
}

/** Of a line of `/proc/self/limits`; NaN when there is none of that name. */
export function softLimit(limits: string, name: string): number {
  const line = limits.split('\n').find((one) => one.startsWith(name))
  const [text = ''] = (line ?? '').slice(name.length).trim().split(/ +/)
  return text === 'unlimited' ? UNLIMITED : Number.parseInt(text, 10)
}

/** The command stands in parentheses and may hold spaces and parentheses of its own. */
export function virtualBytes(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[VSIZE])
}
