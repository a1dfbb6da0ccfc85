/**
 * `vigie load --emit kubernetes script.js`: a ConfigMap with the script and what it imports or opens, and
 * an Indexed Job whose pods run one segment each.
 */
import { readFileSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { EXIT, LoadError } from '../errors.ts'
import { COUNT_VARIABLE } from '../executors/segment.ts'

/** What Kubernetes takes in one ConfigMap. */
const MAX_BYTES = 1_000_000
const DEFAULT_IMAGE = 'node:22-slim'
const MOUNT = '/scripts'

export interface KubernetesOptions {
  /** Absolute path of the script. */
  script: string
  /** Absolute paths of everything else that it needs. */
  files: readonly string[]
  parallelism: number
  /** Id that all generators share. */
  runId: string
  /** What of the command line each of them gets. */
  args: readonly string[]
  vigieUrl: string | null
  image: string | null
}

/** The YAML of both. Throws LoadError when the files do not fit. */
export function kubernetesJob(options: KubernetesOptions): string {
  const { script, parallelism, runId, args, vigieUrl, image } = options
  const paths = [...new Set([script, ...options.files])]
  const root = commonFolder(paths)
  const files = paths.map((path, i) => ({
    key: `file-${i}`,
    name: relative(root, path).split(sep).join('/'),
    content: readFileSync(path),
  }))
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0)
  if (bytes > MAX_BYTES) {
    throw new LoadError(
      EXIT.other,
      `the script and its files have ${bytes} bytes; a ConfigMap takes ${MAX_BYTES}: put large files into an image (--image) or a volume`,
    )
  }
  const name = `vigie-load-${runId.toLowerCase().replace(/[^a-z0-9-]+/g, '-')}`
    .slice(0, 52)
    .replace(/-+$/, '')
  const command = [
    'npx',
    '--yes',
    'vigie',
    'load',
    '--execution-segment=auto',
    `--run-id=${runId}`,
    ...args,
    `${MOUNT}/${files[0]!.name}`,
  ]
  return `${[
    ...configMap(name, files),
    '---',
    'apiVersion: batch/v1',
    'kind: Job',
    'metadata:',
    `  name: ${quote(name)}`,
    'spec:',
    '  completionMode: Indexed',
    `  completions: ${parallelism}`,
    `  parallelism: ${parallelism}`,
    '  # A run that failed its thresholds is an answer, not an accident.',
    '  backoffLimit: 0',
    '  template:',
    '    spec:',
    '      restartPolicy: Never',
    '      containers:',
    '        - name: load',
    `          image: ${quote(image ?? DEFAULT_IMAGE)}`,
    `          workingDir: ${quote(MOUNT)}`,
    '          command:',
    ...command.map((word) => `            - ${quote(word)}`),
    '          env:',
    `            - name: ${COUNT_VARIABLE}`,
    `              value: ${quote(String(parallelism))}`,
    '            # Where the results of all generators meet; without it each has a verdict of its own.',
    '            - name: VIGIE_URL',
    `              value: ${quote(vigieUrl ?? 'http://vigie:9090')}`,
    '            - name: npm_config_cache',
    '              value: "/tmp/npm"',
    '          volumeMounts:',
    '            - name: scripts',
    `              mountPath: ${quote(MOUNT)}`,
    '      volumes:',
    '        - name: scripts',
    '          configMap:',
    `            name: ${quote(name)}`,
    '            items:',
    ...files.flatMap((file) => [
      `              - key: ${quote(file.key)}`,
      `                path: ${quote(file.name)}`,
    ]),
  ].join('\n')}\n`
}

interface File {
  key: string
  name: string
  content: Buffer
}

function configMap(name: string, files: readonly File[]): string[] {
  const texts = files.filter(({ content }) => isText(content))
  const others = files.filter(({ content }) => !isText(content))
  return [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    `  name: ${quote(name)}`,
    ...(texts.length === 0 ? [] : ['data:']),
    ...texts.map(({ key, content }) => `  ${key}: ${quote(content.toString('utf8'))}`),
    ...(others.length === 0 ? [] : ['binaryData:']),
    ...others.map(({ key, content }) => `  ${key}: ${quote(content.toString('base64'))}`),
  ]
}

/** What survives being read as text, and YAML can hold. */
function isText(content: Buffer): boolean {
  const text = content.toString('utf8')
  return Buffer.from(text, 'utf8').equals(content) && !text.includes('\u0000')
}

/** JSON's strings are YAML's. */
function quote(text: string): string {
  return JSON.stringify(text)
}

function commonFolder(paths: readonly string[]): string {
  return paths
    .map((path) => dirname(path).split(sep))
    .reduce((common, parts) => {
      const until = common.findIndex((part, i) => part !== parts[i])
      return until < 0 ? common : common.slice(0, until)
    })
    .join(sep)
}

/** The command line without what only concerns the emitting: those flags, and the script. */
export function argsForPods(argv: readonly string[], script: string): string[] {
  const own = ['--emit', '--parallelism', '--image', '--run-id', '--vigie']
  const kept: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    if (own.includes(arg)) i++
    else if (arg !== script && !own.some((flag) => arg.startsWith(`${flag}=`))) kept.push(arg)
  }
  return kept
}
