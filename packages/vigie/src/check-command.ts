/** `vigie check config FILE` and `vigie check rules FILE…`: all problems at once, exit code 1 if there is one. */
import { readFileSync } from 'node:fs'
import { parseRuleFile } from '@vigie/alerting'
import { ConfigError, parseConfig } from '@vigie/server'
import { UsageError } from './serve-args.ts'

export function checkCommand(argv: readonly string[]): Promise<number> {
  const [what, ...rest] = argv
  const isJson = rest.includes('--json')
  const files = rest.filter((one) => one !== '--json')
  if ((what !== 'config' && what !== 'rules') || files.length === 0)
    throw new UsageError('expected `vigie check config FILE` or `vigie check rules FILE…`')
  const lines = files.flatMap((file) => (what === 'config' ? checkConfig(file) : checkRules(file)))
  const problems = lines.filter((line) => line.isProblem)
  if (isJson) process.stdout.write(JSON.stringify(lines, null, 2) + '\n')
  else
    for (const line of lines)
      (line.isProblem ? process.stderr : process.stdout).write(line.text + '\n')
  return Promise.resolve(problems.length > 0 ? 1 : 0)
}

interface Line {
  isProblem: boolean
  text: string
}

function checkConfig(file: string): Line[] {
  try {
    const config = parseConfig({ file, text: readText(file), env: process.env })
    const jobs = config.scrapeJobs.length + config.probeJobs.length
    const rules = config.ruleGroups.reduce((sum, group) => sum + group.rules.length, 0)
    return [
      ...config.warnings.map((text) => ({ isProblem: false, text: `warning: ${text}` })),
      {
        isProblem: false,
        text: `${file} is valid: ${jobs} jobs, ${rules} rules, ${config.checks.length} checks`,
      },
    ]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').map((text) => ({ isProblem: true, text }))
  }
}

function checkRules(file: string): Line[] {
  const { groups, errors } = parseRuleFile(readText(file), file)
  if (errors.length > 0)
    return errors.map((error) => ({
      isProblem: true,
      text: `${file}:${error.line}: ${error.message}`,
    }))
  const count = groups.reduce((sum, group) => sum + group.rules.length, 0)
  return [{ isProblem: false, text: `${file} is valid: ${count} rules` }]
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`)
  }
}
