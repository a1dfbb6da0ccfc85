/** Durations, sizes, times and tables as Prometheus's tools print them. */
/** As `1h29m59.548s`: hours are the largest unit. */
export function goDuration(ms: number): string {
  if (ms === 0) return '0s'
  if (ms < 0) return `-${goDuration(-ms)}`
  if (ms < 1000) return `${ms}ms`
  const seconds = Math.floor(ms / 1000)
  const fraction = ms % 1000 === 0 ? '' : `.${String(ms % 1000).padStart(3, '0')}`
  const shown = `${seconds % 60}${fraction.replace(/0+$/, '')}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return shown
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${minutes}m${shown}` : `${hours}h${minutes % 60}m${shown}`
}

/** As `514KiB64B`: every unit that is not 0. */
export function goBytes(bytes: number): string {
  let out = ''
  let rest = bytes
  for (const unit of ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']) {
    if (rest % 1024 !== 0 || bytes === 0) out = `${rest % 1024}${unit}${out}`
    rest = Math.floor(rest / 1024)
    if (rest === 0) break
  }
  return out
}

/** As `2023-11-14 22:13:20 +0000 UTC`, to the second. */
export const goTime = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' +0000 UTC')

/** Columns as wide as their widest cell and two blanks, 13 at least; the last one is as it is. */
export function goTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_cell, i) => Math.max(13, ...rows.map((row) => row[i].length + 2)))
  return rows
    .map((row) =>
      row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i]) : cell)).join(''),
    )
    .map((line) => `${line}\n`)
    .join('')
}
