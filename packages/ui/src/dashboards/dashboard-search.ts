/** Finding dashboards in the list. */
import type { DashboardEntry } from '../api/vigie.ts'

/** Where dashboards without a folder stand. */
export const TOP_FOLDER = 'General'
/** Where the ones made from a job's metrics stand; always last. */
export const GENERATED_FOLDER = 'Made from metrics'

/** Every word of the search is in the title, the folder or a tag. */
export function matchesSearch(entry: DashboardEntry, search: string, tag: string | null): boolean {
  if (tag !== null && !entry.tags.includes(tag)) return false
  const text = [entry.title, folderOf(entry), ...entry.tags].join('\n').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

export const folderOf = (entry: DashboardEntry): string =>
  entry.source === 'generated' ? GENERATED_FOLDER : entry.folder || TOP_FOLDER

/** Folders by name with their dashboards by title. */
export function groupByFolder(entries: DashboardEntry[]): [string, DashboardEntry[]][] {
  const folders = new Map<string, DashboardEntry[]>()
  for (const entry of [...entries].sort((a, b) => a.title.localeCompare(b.title))) {
    const folder = folderOf(entry)
    folders.set(folder, [...(folders.get(folder) ?? []), entry])
  }
  const rank = (folder: string): number =>
    folder === GENERATED_FOLDER ? 2 : folder === TOP_FOLDER ? 0 : 1
  return [...folders].sort((a, b) => rank(a[0]) - rank(b[0]) || a[0].localeCompare(b[0]))
}

/** Every tag in use, once, by name. */
export function allTags(entries: DashboardEntry[]): string[] {
  return [...new Set(entries.flatMap((entry) => entry.tags))].sort((a, b) => a.localeCompare(b))
}
