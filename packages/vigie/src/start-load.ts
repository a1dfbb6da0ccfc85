/** `vigie load` as a process of its own, for runs that are started from the browser. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { StartLoad } from '@vigie/server'

/** `env` is what the scripts find in `__ENV` besides what the browser gave. */
export const startLoadWith =
  (env: NodeJS.ProcessEnv): StartLoad =>
  ({ runId, vigieUrl, script, flags, onOutput }) => {
    const cli = fileURLToPath(new URL('./cli.js', import.meta.url))
    const child = spawn(
      process.execPath,
      [cli, 'load', '--no-color', '--quiet', '--vigie', vigieUrl, ...flags, script],
      {
        // Its end of the pipe closes with this process, however that ends.
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...env, VIGIE_RUN_ID: runId, VIGIE_END_WITH_STDIN: '1' },
        // A Ctrl+C in the terminal is for Vigie, which then asks its runs to stop.
        detached: true,
      },
    )
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', onOutput)
    // A process that is gone already breaks the pipe.
    child.stdin.on('error', () => {})
    return {
      interrupt: () => void child.kill('SIGINT'),
      kill: () => void child.kill('SIGKILL'),
      ended: new Promise((resolve) => {
        child.once('error', ({ message }) =>
          resolve({ code: null, reason: `it could not be started: ${message}` }),
        )
        // Not `exit`: what it printed last has been read by now.
        child.once('close', (code, signal) =>
          resolve({
            code,
            reason: signal === null ? `exit code ${code}` : `it was ended by ${signal}`,
          }),
        )
      }),
    }
  }
