// `npm run bench [-- name…]`: side by side with the tools Vigie stands in for, both in the same run on the
// same machine. Prints `name/peer<TAB>ours<TAB>peer's<TAB>ratio ours ÷ peer's` per figure, or what is to be
// reached where there is no peer, and writes bench/results.json. Nothing else may run meanwhile.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { benchArcade } from './arcade.mjs'
import { benchArrival } from './arrival.mjs'
import { benchCalibration } from './calibration.mjs'
import { benchGrowth } from './growth.mjs'
import { benchLoad } from './load.mjs'
import { benchInterference } from './interference.mjs'
import { benchMemory } from './memory.mjs'
import { benchQuery } from './query.mjs'
import { benchScrape } from './scrape.mjs'
import { benchStart } from './start.mjs'
import { benchDisk, benchMemory100k, benchMemory500k, benchReplay } from './storage.mjs'

/** Each gives [{ name, ours, unit, peer? or atMost?, versions? }] and runs on its own. */
const BENCHES = new Map([
  ['scrape-cpu', benchScrape],
  ['scrape-memory', benchScrape],
  ['query-rate', benchQuery],
  ['query-sum', benchQuery],
  ['query-quantile', benchQuery],
  ['query-topk', benchQuery],
  ['query-regex', benchQuery],
  ['query-subquery', benchQuery],
  ['query-panels', benchQuery],
  ['memory-100k', benchMemory100k],
  ['memory-100k-peak', benchMemory100k],
  ['memory-500k', benchMemory500k],
  ['memory-500k-peak', benchMemory500k],
  ['disk', benchDisk],
  ['replay', benchReplay],
  ['interference-scrape', benchInterference],
  ['interference-rule', benchInterference],
  ['interference-answer', benchInterference],
  ['growth-ingest', benchGrowth],
  ['growth-replay', benchGrowth],
  ['growth-query', benchGrowth],
  ['growth-memory', benchGrowth],
  ['load-requests', benchLoad],
  ['load-script', benchLoad],
  ['calibration', benchCalibration],
  ['load-start', benchStart],
  ['load-arrival', benchArrival],
  ['load-memory', benchMemory],
  ['load-arcade', benchArcade],
])

const { positionals } = parseArgs({ allowPositionals: true })
const wanted = positionals.length > 0 ? positionals : [...BENCHES.keys()]
const unknown = wanted.filter((name) => !BENCHES.has(name))
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(', ')}; there are ${[...BENCHES.keys()].join(', ')}`)
  process.exit(1)
}

const figures = []
for (const bench of new Set(wanted.map((name) => BENCHES.get(name)))) {
  for (const figure of await bench()) {
    if (!wanted.includes(figure.name.split('/')[0])) continue
    console.log(lineOf(figure))
    figures.push(
      figure.peer === undefined
        ? figure
        : { ...figure, ratio: Number((figure.ours / figure.peer).toFixed(3)) },
    )
  }
}
keep(figures)

function lineOf({ name, ours, peer, unit, atMost }) {
  const first = `${name}\t${show(ours)} ${unit}`
  if (peer !== undefined) return `${first}\t${show(peer)} ${unit}\t${(ours / peer).toFixed(2)}`
  return atMost === undefined ? first : `${first}\tat most ${show(atMost)} ${unit}`
}

function show(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** Figures of benches that did not run now stay as they were. */
function keep(fresh) {
  const path = new URL('./results.json', import.meta.url)
  let old = []
  try {
    old = JSON.parse(readFileSync(path, 'utf8')).figures
  } catch {
    // The first run.
  }
  const names = new Set(fresh.map((figure) => figure.name))
  const results = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    figures: [...old.filter((figure) => !names.has(figure.name)), ...fresh].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    ),
  }
  writeFileSync(path, JSON.stringify(results, null, 2) + '\n')
}
