// What bundlers and compilers make of a script is a script like any other: it is coloured all the same.
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BuildOptions, buildSync } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileScript } from '../src/compile/compile.ts'
import { iterate } from './one-vu.ts'

let server: Server
let base = ''
let dir = ''

beforeAll(async () => {
  server = createServer((request, response) =>
    response.end(JSON.stringify({ url: request.url, method: request.method })),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  dir = mkdtempSync(join(tmpdir(), 'vigie-bundle-'))
  for (const [name, text] of Object.entries(SOURCES))
    writeFileSync(join(dir, name), text.replace('BASE', base))
})

afterAll(() => {
  rmSync(dir, { recursive: true })
  server.close()
  server.closeAllConnections()
})

const SOURCES = {
  'client.ts': `import http from 'k6/http'
import { check, group } from 'k6'
export class Client {
  constructor(private base: string) {}
  get(path: string): string { return http.get(this.base + path).json('url') as string }
}
export const retry = <T>(n: number, fn: () => T): T => {
  for (let i = 0; ; i++) try { return fn() } catch (e) { if (i >= n) throw e }
}
export function verify(x: string) { return group('verify', () => check(x, { ok: (v) => v === '/a' })) }`,
  'helpers.cjs': `const { sleep } = require('k6')
exports.twice = function (f) { sleep(0.001); return [f(), f()] }`,
  'main.ts': `import { sleep } from 'k6'
import { Client, retry, verify } from './client.ts'
import helpers from './helpers.cjs'
export default function () {
  const client = new Client('BASE')
  const a = retry(2, () => client.get('/a'))
  sleep(0.001)
  console.log(a, verify(a), [1, 2].map((x) => client.get('/m' + x)).join(), helpers.twice(() => client.get('/t')).join())
}`,
}

const esbuilds: [what: string, options: BuildOptions][] = [
  ['a module', { format: 'esm' }],
  ['a minified module', { format: 'esm', minify: true }],
  [
    'a minified module with its names',
    { format: 'esm', minifySyntax: true, minifyWhitespace: true },
  ],
  ['CommonJS', { format: 'cjs' }],
  ['minified CommonJS', { format: 'cjs', minify: true }],
  [
    'minified CommonJS with its names',
    { format: 'cjs', minifySyntax: true, minifyWhitespace: true },
  ],
  ['a function', { format: 'iife', globalName: 'made', footer: { js: 'module.exports = made' } }],
]

test.each(esbuilds)("esbuild's %s", async (_, options) => {
  const { outputFiles } = buildSync({
    entryPoints: [join(dir, 'main.ts')],
    bundle: true,
    write: false,
    external: ['k6', 'k6/*'],
    ...options,
  })
  expect(await ran(outputFiles![0]!.text)).toEqual(['/a true /m1,/m2 /t,/t'])
})

const written: [what: string, source: string, logged: string[]][] = [
  [
    "TypeScript's CommonJS",
    `"use strict";
var __importDefault = (this && this.__importDefault) || function (mod) { return (mod && mod.__esModule) ? mod : { "default": mod }; };
var __createBinding = (this && this.__createBinding) || (Object.create ? (function(o, m, k, k2) { if (k2 === undefined) k2 = k; var desc = Object.getOwnPropertyDescriptor(m, k); if (!desc || ("get" in desc ? !m.__esModule : desc.writable || desc.configurable)) { desc = { enumerable: true, get: function() { return m[k]; } }; } Object.defineProperty(o, k2, desc); }) : (function(o, m, k, k2) { o[k2] = m[k]; }));
var __importStar = function (mod) { if (mod && mod.__esModule) return mod; var result = {}; if (mod != null) for (var k in mod) if (k !== "default" && Object.prototype.hasOwnProperty.call(mod, k)) __createBinding(result, mod, k); return result; };
Object.defineProperty(exports, "__esModule", { value: true });
exports.default = default_1;
const http_1 = __importDefault(require("k6/http"));
const k6_1 = require("k6");
const all = __importStar(require("k6"));
const work = (p) => http_1.default.get('BASE' + p).json('url');
function default_1() { console.log(work('/t')); (0, k6_1.sleep)(0.001); all.sleep(0.001); (0, k6_1.group)('g', () => { console.log(work('/u')) }); }`,
    ['/t', '/u'],
  ],
  [
    "Babel's classes and interop",
    `"use strict";
Object.defineProperty(exports, "__esModule", { value: true }); exports.default = _default;
var _http = _interopRequireDefault(require("k6/http")); var _k = require("k6");
function _interopRequireDefault(e) { return e && e.__esModule ? e : { default: e }; }
function _defineProperties(e, r) { for (var t = 0; t < r.length; t++) { var o = r[t]; o.enumerable = o.enumerable || !1, o.configurable = !0, "value" in o && (o.writable = !0), Object.defineProperty(e, o.key, o); } }
function _createClass(e, r, t) { return r && _defineProperties(e.prototype, r), t && _defineProperties(e, t), Object.defineProperty(e, "prototype", { writable: !1 }), e; }
var Api = function () { function Api(base) { this.base = base; } return _createClass(Api, [{ key: "get", value: function get(p) { return _http["default"].get(this.base + p).json('url'); } }, { key: "name", get: function get() { return 'api'; } }]); }();
function _default() { var api = new Api('BASE'); console.log(api.get('/b'), api.name); (0, _k.sleep)(0.001); }`,
    ['/b api'],
  ],
  [
    "webpack's table of modules",
    `(() => { var modules = {
  "k6": ((module) => { module.exports = require("k6"); }),
  "k6/http": ((module) => { module.exports = require("k6/http"); }),
  "./lib.js": ((_, exports, load) => { load.d(exports, { "get": () => get });
    var http = load("k6/http"), http_default = load.n(http);
    function get(p) { return http_default().get('BASE' + p).json('url') } })
  };
  var cache = {};
  function load(id) { var cached = cache[id]; if (cached !== undefined) return cached.exports;
    var module = cache[id] = { exports: {} }; modules[id](module, module.exports, load); return module.exports; }
  load.n = (module) => { var getter = module && module.__esModule ? () => module['default'] : () => module; load.d(getter, { a: getter }); return getter; };
  load.d = (exports, definition) => { for (var key in definition) if (load.o(definition, key) && !load.o(exports, key)) Object.defineProperty(exports, key, { enumerable: true, get: definition[key] }); };
  load.o = (obj, prop) => Object.prototype.hasOwnProperty.call(obj, prop);
  var made = {};
  (() => { load.d(made, { "default": () => main });
    var k6 = load("k6"), lib = load("./lib.js");
    function main() { console.log((0, lib.get)('/w')); (0, k6.sleep)(0.001); (0, k6.group)('g', () => console.log((0, lib.get)('/g'))); }
  })();
  for (var i in made) exports[i] = made[i];
})();`,
    ['/w', '/g'],
  ],
]

test.each(written)('%s', async (_, source, logged) => {
  expect(await ran(source.replace('BASE', base))).toEqual(logged)
})

async function ran(source: string): Promise<string[]> {
  const path = join(dir, 'bundle.js')
  writeFileSync(path, source)
  expect(compileScript(path).blocking).toBe(null)
  const { logged, outcome } = await iterate(source)
  expect(outcome).toMatchObject({ kind: 'returned' })
  return logged
}
