/**
 * The host's essentials from /proc, under node_exporter's names and with its choice of devices and
 * file systems. Each part that the kernel does not offer is left out.
 */
import type { StatsFs } from 'node:fs'
import { readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { MetricText, Sample } from './metric-text.ts'

/** Kernel ticks per second in /proc/stat; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const SECTOR_BYTES = 512
/** A file system of a server that is gone would otherwise hold up all others. */
const STATFS_TIMEOUT_MS = 1000
/** Mounts beyond these are left out: hosts with thousands of container mounts exist. */
const MOUNTS_MAX = 200

const DISK_EXCLUDE = /^(?:z?ram|loop|fd|(?:h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/
const MOUNT_EXCLUDE =
  /^\/(?:dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)(?:$|\/)/
const TYPE_EXCLUDE =
  /^(?:autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$/

export async function collectLinux(text: MetricText, proc: string): Promise<void> {
  const [stat, meminfo, load, disks, network, filefd, mounts] = await Promise.all(
    ['stat', 'meminfo', 'loadavg', 'diskstats', 'net/dev', 'sys/fs/file-nr', 'mounts'].map((name) =>
      read(proc, name),
    ),
  )
  addStat(text, lines(stat))
  addMemory(text, lines(meminfo))
  addLoad(text, load)
  addDisks(text, lines(disks))
  addNetwork(text, lines(network))
  addFileDescriptors(text, filefd)
  await addPressure(text, proc)
  await addFilesystems(text, lines(mounts))
}

/** '' for what is not there. */
const read = (proc: string, name: string): Promise<string> =>
  readFile(join(proc, name), 'utf8').catch(() => '')

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal']

const STAT_ROWS: readonly (readonly [
  key: string,
  type: 'counter' | 'gauge',
  name: string,
  help: string,
])[] = [
  ['ctxt', 'counter', 'node_context_switches_total', 'Total number of context switches.'],
  ['intr', 'counter', 'node_intr_total', 'Total number of interrupts serviced.'],
  ['processes', 'counter', 'node_forks_total', 'Total number of forks.'],
  ['btime', 'gauge', 'node_boot_time_seconds', 'Node boot time, in unixtime.'],
  ['procs_running', 'gauge', 'node_procs_running', 'Number of processes in runnable state.'],
  [
    'procs_blocked',
    'gauge',
    'node_procs_blocked',
    'Number of processes blocked waiting for I/O to complete.',
  ],
]

function addStat(text: MetricText, rows: readonly string[]): void {
  const cpu: Sample[] = []
  const values = new Map<string, number>()
  for (const row of rows) {
    const [key, ...fields] = row.split(/\s+/)
    if (/^cpu\d+$/.test(key))
      CPU_MODES.forEach((mode, i) =>
        cpu.push([Number(fields[i]) / TICKS_PER_SECOND, { cpu: key.slice(3), mode }]),
      )
    else values.set(key, Number(fields[0]))
  }
  text.add('node_cpu_seconds_total', 'counter', 'Seconds the CPUs spent in each mode.', cpu)
  for (const [key, type, name, help] of STAT_ROWS) {
    const value = values.get(key)
    if (value !== undefined) text.add(name, type, help, [[value]])
  }
}

function addMemory(text: MetricText, rows: readonly string[]): void {
  for (const row of rows) {
    const match = /^([^:]+):\s+(\d+)( kB)?/.exec(row)
    if (match === null) continue
    const [, key, value, unit] = match
    const field = key.replace(/\((.*)\)/, '_$1')
    const name = unit === undefined ? field : `${field}_bytes`
    const bytes = Number(value) * (unit === undefined ? 1 : 1024)
    text.gauge(`node_memory_${name}`, `Memory information field ${name}.`, bytes)
  }
}

function addLoad(text: MetricText, load: string): void {
  const fields = load.split(' ').map(Number)
  if (fields.length < 3) return
  text.gauge('node_load1', '1m load average.', fields[0])
  text.gauge('node_load5', '5m load average.', fields[1])
  text.gauge('node_load15', '15m load average.', fields[2])
}

/** Field of /proc/diskstats after the device's name, factor, name, help. */
const DISK_ROWS: readonly (readonly [index: number, factor: number, name: string, help: string])[] =
  [
    [0, 1, 'reads_completed_total', 'The total number of reads completed successfully.'],
    [2, SECTOR_BYTES, 'read_bytes_total', 'The total number of bytes read successfully.'],
    [3, 0.001, 'read_time_seconds_total', 'The total number of seconds spent by all reads.'],
    [4, 1, 'writes_completed_total', 'The total number of writes completed successfully.'],
    [6, SECTOR_BYTES, 'written_bytes_total', 'The total number of bytes written successfully.'],
    [
      7,
      0.001,
      'write_time_seconds_total',
      'This is the total number of seconds spent by all writes.',
    ],
    [9, 0.001, 'io_time_seconds_total', 'Total seconds spent doing I/Os.'],
  ]

function addDisks(text: MetricText, rows: readonly string[]): void {
  const devices = rows
    .map((row) => row.trim().split(/\s+/).slice(2))
    .filter(([device]) => device !== undefined && !DISK_EXCLUDE.test(device))
  for (const [index, factor, name, help] of DISK_ROWS)
    text.add(
      `node_disk_${name}`,
      'counter',
      help,
      devices.map(([device, ...fields]) => [Number(fields[index]) * factor, { device }]),
    )
}

const NETWORK_ROWS: readonly (readonly [index: number, name: string])[] = [
  [0, 'receive_bytes'],
  [1, 'receive_packets'],
  [2, 'receive_errs'],
  [3, 'receive_drop'],
  [8, 'transmit_bytes'],
  [9, 'transmit_packets'],
  [10, 'transmit_errs'],
  [11, 'transmit_drop'],
]

function addNetwork(text: MetricText, rows: readonly string[]): void {
  const devices = rows.flatMap((row) => {
    const match = /^\s*([^\s:]+):\s*(.*)$/.exec(row)
    return match === null ? [] : [{ device: match[1], fields: match[2].trim().split(/\s+/) }]
  })
  for (const [index, name] of NETWORK_ROWS)
    text.add(
      `node_network_${name}_total`,
      'counter',
      `Network device statistic ${name}.`,
      devices.map(({ device, fields }) => [Number(fields[index]), { device }]),
    )
}

function addFileDescriptors(text: MetricText, fileNr: string): void {
  const [allocated, , maximum] = fileNr.trim().split(/\s+/).map(Number)
  if (maximum === undefined) return
  text.gauge('node_filefd_allocated', 'File descriptor statistics: allocated.', allocated)
  text.gauge('node_filefd_maximum', 'File descriptor statistics: maximum.', maximum)
}

const PRESSURE_ROWS: readonly (readonly [file: string, row: string, name: string, help: string])[] =
  [
    ['cpu', 'some', 'cpu_waiting', 'processes have waited for CPU time'],
    ['io', 'some', 'io_waiting', 'processes have waited due to IO congestion'],
    ['io', 'full', 'io_stalled', 'no process could make progress due to IO congestion'],
    ['memory', 'some', 'memory_waiting', 'processes have waited for memory'],
    ['memory', 'full', 'memory_stalled', 'no process could make progress due to memory congestion'],
  ]

async function addPressure(text: MetricText, proc: string): Promise<void> {
  for (const [file, row, name, help] of PRESSURE_ROWS) {
    const content = await read(proc, `pressure/${file}`)
    const total = new RegExp(`^${row} .*total=(\\d+)`, 'm').exec(content)?.[1]
    if (total === undefined) continue
    text.counter(
      `node_pressure_${name}_seconds_total`,
      `Total time in seconds ${help}`,
      Number(total) / 1_000_000,
    )
  }
}

async function addFilesystems(text: MetricText, rows: readonly string[]): Promise<void> {
  const size: Sample[] = []
  const free: Sample[] = []
  const avail: Sample[] = []
  const files: Sample[] = []
  const filesFree: Sample[] = []
  const readonly: Sample[] = []
  const seen = new Set<string>()
  for (const row of rows.slice(0, MOUNTS_MAX)) {
    const [device, mountpoint, fstype, options] = row.split(' ').map(unescapeMount)
    // A container's root is an overlay, and all the disk it has.
    const isOverlay = fstype === 'overlay' && mountpoint !== '/'
    if (MOUNT_EXCLUDE.test(mountpoint) || TYPE_EXCLUDE.test(fstype) || isOverlay) continue
    if (seen.has(mountpoint)) continue
    seen.add(mountpoint)
    const labels = { device, fstype, mountpoint }
    const stats = await statMount(mountpoint)
    if (stats === undefined || stats.blocks === 0) continue
    size.push([stats.blocks * stats.bsize, labels])
    free.push([stats.bfree * stats.bsize, labels])
    avail.push([stats.bavail * stats.bsize, labels])
    files.push([stats.files, labels])
    filesFree.push([stats.ffree, labels])
    readonly.push([options.split(',').includes('ro') ? 1 : 0, labels])
  }
  const add = (name: string, help: string, samples: Sample[]): void =>
    text.add(`node_filesystem_${name}`, 'gauge', help, samples)
  add('size_bytes', 'Filesystem size in bytes.', size)
  add('free_bytes', 'Filesystem free space in bytes.', free)
  add('avail_bytes', 'Filesystem space available to non-root users in bytes.', avail)
  add('files', 'Filesystem total file nodes.', files)
  add('files_free', 'Filesystem total free file nodes.', filesFree)
  add('readonly', 'Filesystem read-only status.', readonly)
}

/** Blanks in paths are written as octal escapes. */
const unescapeMount = (text: string): string =>
  text.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8)))

async function statMount(mountpoint: string): Promise<StatsFs | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), STATFS_TIMEOUT_MS)
  })
  try {
    return await Promise.race([statfs(mountpoint).catch(() => undefined), timeout])
  } finally {
    clearTimeout(timer)
  }
}
