/** Runs a script in real workers (from dist) against a real server, and tells everything that came of it. */
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type LoadOptions, parseLoadArgs, runLoad } from '../src/index.ts'

export interface Ran {
  code: number
  stdout: string
  stderr: string
  /** Messages of console.log and friends, in order. */
  logged: string[]
  /** What handleSummary would get, read from `--summary-export`. */
  dir: string
}

export interface Setting {
  flags?: string[]
  env?: Record<string, string>
  /** More files by name; the script itself is `script.js` unless `name` says otherwise. */
  files?: Record<string, string>
  name?: string
  options?: Partial<LoadOptions>
  signal?: AbortSignal
  /** Hears every log line as it is written. */
  onLog?: (line: string) => void
}

export const workerUrl = new URL('../dist/worker.js', import.meta.url)

export async function runScript(source: string, setting: Setting = {}): Promise<Ran> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-load-'))
  const name = setting.name ?? 'script.js'
  for (const [file, text] of Object.entries({ ...setting.files, [name]: source })) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  let stdout = ''
  let stderr = ''
  try {
    const code = await runLoad(
      {
        args: parseLoadArgs([name, '-q', ...(setting.flags ?? [])]),
        workerUrl,
        workers: 1,
        ...setting.options,
      },
      {
        stdout: (text) => void (stdout += text),
        stderr: (text) => {
          stderr += text
          setting.onLog?.(text)
        },
        isTTY: false,
        env: setting.env ?? {},
        cwd: dir,
        now: Date.now,
        ...(setting.signal === undefined ? {} : { signal: setting.signal }),
      },
    )
    return {
      code,
      stdout,
      stderr: stderr.replaceAll(dir, '').replaceAll('\\"', '"'),
      logged: messagesOf(stderr),
      dir,
    }
  } finally {
    if (setting.files?.['keep'] === undefined) rmSync(dir, { recursive: true })
  }
}

function messagesOf(stderr: string): string[] {
  return stderr.split('\n').flatMap((line) => {
    const match = /msg=("(?:[^"\\]|\\.)*"|\S+).* source=console/.exec(line)
    if (match === null) return []
    return [match[1]!.startsWith('"') ? (JSON.parse(match[1]!) as string) : match[1]!]
  })
}
