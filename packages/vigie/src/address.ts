/** Where a running Vigie is found: `address.json` in its data directory, gone when it ends cleanly. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Address {
  url: string
  pid: number
}

const FILE = 'address.json'
/** Data directories of `vigie` and of `vigie demo`, relative to the folder both are started in. */
const DATA_DIRS = ['data', 'data/demo']

export function writeAddress(dataDir: string, address: Address): void {
  mkdirSync(dataDir, { recursive: true })
  const path = join(dataDir, FILE)
  writeFileSync(path + '.tmp', JSON.stringify(address) + '\n')
  renameSync(path + '.tmp', path)
}

export const removeAddress = (dataDir: string): void => rmSync(join(dataDir, FILE), { force: true })

/** The Vigie that runs in `cwd`, if its process is alive. */
export function findAddress(
  cwd: string,
  dataDirs: readonly string[] = DATA_DIRS,
): Address | undefined {
  for (const dataDir of dataDirs) {
    const address = readAddress(join(cwd, dataDir, FILE))
    if (address !== undefined && isAlive(address.pid)) return address
  }
  return undefined
}

function readAddress(path: string): Address | undefined {
  try {
    const { url, pid } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Address>
    return typeof url === 'string' && typeof pid === 'number' ? { url, pid } : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
