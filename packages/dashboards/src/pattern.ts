/** Regular expressions as dashboards write them: JavaScript's, `/…/flags`, or bare and then whole. */

/** undefined for none, and for what is no expression. `/…/` finds anywhere, a bare one from start to end. */
export function toRegex(text: string): RegExp | undefined {
  if (text.trim() === '') return undefined
  const match = /^\/(.*)\/([gimsuy]*)$/s.exec(text.trim())
  try {
    // As Grafana does it: without a group, so that `a|b$` reads `(^a)|(b$)`.
    return match === null
      ? new RegExp(`^${text}$`)
      : new RegExp(match[1], match[2].replace(/[gy]/g, ''))
  } catch {
    return undefined
  }
}

/** Whether `/…/g` asks for all matches instead of the first. */
export const isGlobal = (text: string): boolean => /\/[imsuy]*g[imsuy]*$/.test(text.trim())
