/** `vigie new [file]`: a small script to start from. */
import { writeFileSync } from 'node:fs'

const USAGE = `Usage: vigie new [-f] [file]     (script.js unless a file is named)

Writes a small load script. -f, --force writes over a file that is there.
`

const SCRIPT = `import http from "k6/http"
import { check, sleep } from "k6"

export const options = {
  vus: 10,
  duration: "30s",
  thresholds: {
    http_req_failed: ["rate<0.01"],
    http_req_duration: ["p(95)<500"],
  },
}

export default function () {
  const res = http.get(__ENV.BASE_URL || "http://localhost:3000/")
  check(res, { "status is 200": (r) => r.status === 200 })
  sleep(1)
}
`

export async function newCommand(argv: readonly string[]): Promise<number> {
  const isForced = argv.includes('-f') || argv.includes('--force')
  const [path = 'script.js', more] = argv.filter((one) => !one.startsWith('-'))
  const unknown = argv.find(
    (one) => one.startsWith('-') && !['-f', '--force', '-h', '--help'].includes(one),
  )
  if (unknown !== undefined || more !== undefined) {
    process.stderr.write(`vigie new does not know "${unknown ?? more}"\n${USAGE}`)
    return 255
  }
  if (argv.includes('-h') || argv.includes('--help')) {
    process.stdout.write(USAGE)
    return 0
  }
  try {
    writeFileSync(path, SCRIPT, { flag: isForced ? 'w' : 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    process.stderr.write(
      code === 'EEXIST'
        ? `${path} already exists; --force writes over it\n`
        : `cannot write the script: ${message}\n`,
    )
    return 255
  }
  process.stdout.write(`New script created: ${path}\nRun it with: vigie run ${path}\n`)
  return 0
}
