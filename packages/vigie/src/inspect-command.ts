/** `vigie inspect script.js`: what options a script has, as k6's command of that name says it. */
import { LoadError, inspectScript, parseLoadArgs } from '@vigie/load'

export async function inspectCommand(argv: readonly string[]): Promise<number> {
  const requirements = '--execution-requirements'
  const stderr = (text: string): void => void process.stderr.write(text)
  try {
    return await inspectScript(
      {
        args: parseLoadArgs(argv.filter((one) => one !== requirements)),
        workerUrl: new URL('./load-worker.js', import.meta.url),
        executionRequirements: argv.includes(requirements),
      },
      {
        stdout: (text) => void process.stdout.write(text),
        stderr,
        isTTY: false,
        env: process.env,
        cwd: process.cwd(),
        now: Date.now,
      },
    )
  } catch (error) {
    if (!(error instanceof LoadError)) throw error
    stderr(`${error.message}\n`)
    return error.exitCode
  }
}
