import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolders } from './make-folders.ts'

test('makes what is missing, and says what is in the way', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-folders-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  makeFolders(join(dir, 'a', 'b', 'c'))
  makeFolders(join(dir, 'a', 'b', 'c'))
  expect(statSync(join(dir, 'a', 'b', 'c')).isDirectory()).toBe(true)
  writeFileSync(join(dir, 'file'), '')
  expect(() => makeFolders(join(dir, 'file'))).toThrow('EEXIST')
  expect(() => makeFolders(join(dir, 'file', 'below'))).toThrow('ENOTDIR')
})

test('ends where the system denies a folder whose parent is there', () => {
  expect(() => makeFolders('/proc/vigie/data')).toThrow('ENOENT')
})
