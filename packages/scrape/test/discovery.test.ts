import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { discoverListening, hostMetrics, parseTargetGroups, probeAddress } from '../src/index.ts'
import { Harness, job } from './harness.ts'
import { metrics, serve, serveTcp } from './servers.ts'

test('targets from files: globs, changes, broken files and files that go', async () => {
  const one = await serve((_request, response) => metrics(response, 'a 1\n'))
  const two = await serve((_request, response) => metrics(response, 'b 1\n'))
  const dir = mkdtempSync(join(tmpdir(), 'vigie-file-sd-'))
  const write = (name: string, text: string): void => {
    writeFileSync(join(dir, `${name}.tmp`), text)
    renameSync(join(dir, `${name}.tmp`), join(dir, name))
  }
  const instances = (harness: Harness): string[] =>
    harness.manager.targets().active.map((target) => target.labels.get('instance'))
  const file = (address: string): string =>
    JSON.stringify([{ targets: [address], labels: { x: 'y' } }])
  write('one.json', file(one.address))
  const harness = new Harness()
  harness.manager.apply([
    job([], {
      fileSdConfigs: [
        { files: [join(dir, '*.json'), join(dir, 't*.yml')], refreshIntervalMs: 100 },
      ],
    }),
  ])
  await harness.up(one.address)
  const target = harness.target(one.address)!
  expect(target.labels.get('x')).toBe('y')
  expect(target.discoveredLabels.get('__meta_filepath')).toBe(join(dir, 'one.json'))
  write('two.yml', `- targets: ['${two.address}']\n`)
  await harness.up(two.address)
  write('one.json', '[{"targets": ')
  await harness.until(() => one.requests.length > 4)
  expect(instances(harness)).toContain(one.address)
  rmSync(join(dir, 'one.json'))
  await harness.until(() => !instances(harness).includes(one.address))
  expect(instances(harness)).toEqual([two.address])
})

test('files of targets say what is wrong with them', () => {
  const check = (text: string, want: string): void =>
    expect(() => parseTargetGroups(text, 'x.yml')).toThrow(want)
  check('- null', 'nil target group item found (index 0)')
  check('- targets: [a]\n- targets: b', 'group 1: targets must be a list of strings')
  check('- targets: [a]\n  lables: {}', 'group 0: unknown key "lables", want targets and labels')
  check('a: b', 'got object, want a list of target groups')
  expect(parseTargetGroups('', 'x.yml')).toEqual([])
  const [group] = parseTargetGroups('[{"targets": ["a:1"], "labels": {"n": 1}}]', 'x.json')
  expect(group.targets).toEqual(['a:1'])
  expect([...group.labels]).toEqual([
    ['n', '1'],
    ['__meta_filepath', 'x.json'],
  ])
})

test('named addresses: scraped when they serve metrics, probed otherwise', async () => {
  const exporter = await serve((_request, response) => metrics(response, 'a 1\n'))
  const site = await serve((_request, response) => response.end('<html>'))
  const custom = await serve((request, response) =>
    request.url === '/stats' ? metrics(response, 'a 1\n') : response.writeHead(404).end(),
  )
  const database = await serveTcp((socket) => socket.end('nope\n'))
  const check = async (
    target: string,
    kind: string,
    address: string,
    path = '/metrics',
  ): Promise<void> => {
    const found = await probeAddress(target)
    expect([found.kind, found.address, found.metricsPath], target).toEqual([kind, address, path])
  }
  await check(exporter.address, 'scrape', exporter.address)
  await check(
    exporter.address.split(':')[1],
    'scrape',
    `localhost:${exporter.address.split(':')[1]}`,
  )
  await check(exporter.url, 'scrape', exporter.address)
  await check(site.address, 'http', `http://${site.address}/`)
  await check(`http://${site.address}/health`, 'http', `http://${site.address}/health`)
  await check(`http://${custom.address}/stats`, 'scrape', custom.address, '/stats')
  await check(database, 'tcp', database)
  await check(`tcp://${database}`, 'tcp', database)
  await check('127.0.0.1:1', 'scrape', '127.0.0.1:1')
  expect((await probeAddress('127.0.0.1:1')).error).toBe('connection refused')
  await expect(probeAddress('tcp://nowhere')).rejects.toThrow('want tcp://host:port')
  await expect(probeAddress('two words')).rejects.toThrow('cannot watch "two words"')
})

test('endpoints that listen on this machine are found with their process', async () => {
  const exporter = await serve((_request, response) => metrics(response, 'a 1\nb 2\n'))
  const site = await serve((_request, response) => response.end('<html>'))
  const hanging = await serve(() => {})
  const found = await discoverListening({ timeoutMs: 1000 })
  const at = (address: string): unknown =>
    found.find((one) => new URL(one.url).port === address.split(':')[1])
  if (process.platform !== 'linux') return
  expect(at(exporter.address)).toMatchObject({ pid: process.pid, samples: 2 })
  expect(at(site.address)).toBeUndefined()
  expect(at(hanging.address)).toBeUndefined()
})

test('host metrics have the names that dashboards ask for', async () => {
  const text = await hostMetrics()
  for (const name of [
    'node_cpu_seconds_total',
    'node_load1',
    'node_memory_MemTotal_bytes',
    'node_boot_time_seconds',
    'node_uname_info',
  ])
    expect(text).toMatch(new RegExp(`^${name}(?:\\{.*\\})? \\d`, 'm'))
})

test('host metrics of a prepared /proc', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'vigie-proc-'))
  mkdirSync(join(proc, 'net'))
  mkdirSync(join(proc, 'pressure'))
  writeFileSync(
    join(proc, 'stat'),
    'cpu  1 2 3 4\ncpu0 100 20 300 4000 5 6 7 8 0 0\nctxt 42\nbtime 1700000000\n',
  )
  writeFileSync(
    join(proc, 'meminfo'),
    'MemTotal:  2 kB\nActive(anon):  1 kB\nHugePages_Total:  3\n',
  )
  writeFileSync(join(proc, 'loadavg'), '0.50 0.25 0.10 1/2 3\n')
  writeFileSync(
    join(proc, 'diskstats'),
    '7 0 loop0 1 1 1 1\n 8 0 sda 10 0 4 50 20 0 8 60 0 70 80\n',
  )
  writeFileSync(
    join(proc, 'net/dev'),
    'Inter-|\n face |bytes\n  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n',
  )
  writeFileSync(
    join(proc, 'pressure/io'),
    'some avg10=0 total=1500000\nfull avg10=0 total=500000\n',
  )
  const lines = (await hostMetrics({ procPath: proc }))
    .split('\n')
    .filter((line) => !line.startsWith('#'))
  const check = (line: string): void => expect(lines).toContain(line)
  if (process.platform !== 'linux') return
  check('node_cpu_seconds_total{cpu="0",mode="idle"} 40')
  check('node_cpu_seconds_total{cpu="0",mode="steal"} 0.08')
  check('node_context_switches_total 42')
  check('node_boot_time_seconds 1700000000')
  check('node_memory_MemTotal_bytes 2048')
  check('node_memory_Active_anon_bytes 1024')
  check('node_memory_HugePages_Total 3')
  check('node_load5 0.25')
  check('node_disk_read_bytes_total{device="sda"} 2048')
  check('node_disk_written_bytes_total{device="sda"} 4096')
  check('node_disk_io_time_seconds_total{device="sda"} 0.07')
  check('node_network_receive_bytes_total{device="eth0"} 1')
  check('node_network_transmit_bytes_total{device="eth0"} 5')
  check('node_pressure_io_waiting_seconds_total 1.5')
  check('node_pressure_io_stalled_seconds_total 0.5')
  expect(lines.join()).not.toContain('loop0')
})
