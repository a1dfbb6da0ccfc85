/** The address of a comparison: the runs of each side. */

export const compareHref = (a: readonly string[], b: readonly string[]): string =>
  `/load/compare?a=${a.map(encodeURIComponent).join(',')}&b=${b.map(encodeURIComponent).join(',')}`

export const idsOf = (text: string | null): string[] => [
  ...new Set((text ?? '').split(',').filter((id) => id !== '')),
]
