/** How parsers of configuration values say what is wrong: where, by keys and indexes from the root. */
export type KeyPath = readonly (string | number)[]
export type Report = (path: KeyPath, message: string) => void
