/** One suite for every disk: that of this machine, and the one that tests storage. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { MemoryDisk } from '../test/memory-disk.ts'
import { type Disk, readWhole, replaceFile, sizeOf } from './disk.ts'
import { DiskError, nodeDisk } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'vigie-disk-'))
afterAll(() => rmSync(root, { recursive: true }))

const write = (disk: Disk, path: string, text: string): void => {
  const file = disk.open(path)
  file.append(Buffer.from(text))
  file.close()
}
const text = (disk: Disk, path: string): string => readWhole(disk, path).toString()

const disks: [string, () => Disk][] = [
  ['the disk of this machine', nodeDisk],
  ['the disk in memory', () => new MemoryDisk()],
]
describe.each(disks)('%s', (_, make) => {
  const disk = make()
  let count = 0
  let dir = ''
  beforeEach(() => {
    dir = join(root, `${count++}`)
    disk.makeDir(join(dir, 'a'))
  })
  const at = (name: string): string => join(dir, name)

  test('says what is there', () => {
    write(disk, at('a/file'), 'four')
    write(disk, at('more'), 'threes')
    expect(disk.stat(at('a/file'))).toMatchObject({ kind: 'file', sizeBytes: 4 })
    expect(disk.stat(at('a'))?.kind).toBe('folder')
    expect(disk.stat(at('b'))).toBeUndefined()
    expect(sizeOf(disk, dir)).toBe(10)
    expect(sizeOf(disk, at('b'))).toBe(0)
  })

  test('a file open for reading stays readable when it is renamed and removed', () => {
    write(disk, at('a/file'), 'text')
    const file = disk.openRead(at('a/file'))
    disk.rename(at('a'), at('b'))
    disk.remove(at('b'))
    expect(disk.stat(at('b'))).toBeUndefined()
    const into = Buffer.alloc(9)
    expect(file.read(into, 1)).toBe(3)
    expect(into.toString('utf8', 0, 3)).toBe('ext')
    file.close()
    expect(() => disk.openRead(at('a/file'))).toThrow(DiskError)
  })

  test('a second name outlives the first', () => {
    write(disk, at('a/file'), 'text')
    disk.link(at('a/file'), at('second'))
    expect(() => disk.link(at('a/file'), at('second'))).toThrow(DiskError)
    disk.remove(at('a'))
    expect(text(disk, at('second'))).toBe('text')
  })

  test('replaces a file', () => {
    write(disk, at('file'), 'old')
    write(disk, at('file.tmp'), 'left by a killed process')
    replaceFile(disk, at('file'), Buffer.from('new'))
    expect(text(disk, at('file'))).toBe('new')
    expect(disk.list(dir).sort()).toEqual(['a', 'file'])
  })
})
