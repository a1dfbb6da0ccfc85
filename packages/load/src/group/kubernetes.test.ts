import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { argsForPods, kubernetesJob } from './kubernetes.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigie-kubernetes-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return path
}

const options = {
  parallelism: 3,
  runId: 'Nightly_1',
  args: ['-u', '9'],
  vigieUrl: null,
  image: null,
}

test('a script with what it imports and opens, under the names it knows them by', () => {
  const script = write('load/script.js', "open('../data/a.bin')\n")
  const files = [script, write('load/lib.js', 'export {}'), write('data/a.bin', Uint8Array.of(255))]
  const yaml = kubernetesJob({ ...options, script, files })
  for (const line of [
    'kind: ConfigMap',
    '  name: "vigie-load-nightly-1"',
    '  file-0: "open(\'../data/a.bin\')\\n"',
    '  file-1: "export {}"',
    'binaryData:\n  file-2: "/w=="',
    'kind: Job',
    '  completionMode: Indexed\n  completions: 3\n  parallelism: 3',
    '            - "--execution-segment=auto"',
    '            - "--run-id=Nightly_1"\n            - "-u"\n            - "9"',
    '            - "/scripts/load/script.js"',
    '            - name: VIGIE_LOAD_PARALLELISM\n              value: "3"',
    '              - key: "file-2"\n                path: "data/a.bin"',
  ])
    expect(yaml).toContain(`${line}\n`)
})

test('what does not fit into a ConfigMap is refused', () => {
  const script = write('big.js', new Uint8Array(1_100_000))
  expect(() => kubernetesJob({ ...options, script, files: [] })).toThrow(
    'have 1100000 bytes; a ConfigMap takes 1000000',
  )
})

test('pods get the command line without what only concerns the emitting', () => {
  const argv = ['--emit', 'kubernetes', '--parallelism=3', '-u', '2', 'a.js', '--vigie', 'x', '-q']
  expect(argsForPods(argv, 'a.js')).toEqual(['-u', '2', '-q'])
})
