/** One load run, from the command line to the exit code. */
import type { LoadIo, LoadOptions } from './api.ts'
import { EXIT } from './errors.ts'

/** Runs the script; resolves with k6's exit code. Rejects only for our own bugs. */
export async function runLoad(options: LoadOptions, io: LoadIo): Promise<number> {
  if (options.args.script === null) {
    io.stderr('vigie load needs a script: vigie load script.js\n')
    return EXIT.other
  }
  return EXIT.other
}
