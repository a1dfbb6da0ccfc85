/**
 * What `k6`, `k6/*` offer to scripts: what is served, what blocks, and what k6 has that is refused
 * by name before the test starts.
 */

interface BuiltinModule {
  /** Members that scripts may use. */
  members: readonly string[]
  /** Members whose call blocks the VU in k6. */
  blocking: readonly string[]
  /** Members that k6 has and Vigie does not serve yet. */
  missing: readonly string[]
  /** Whether the members hang on the default export too. */
  hasDefault: boolean
}

export const BUILTIN_MODULES: ReadonlyMap<string, BuiltinModule> = new Map([
  [
    'k6',
    {
      members: ['check', 'fail', 'group', 'randomSeed', 'sleep'],
      blocking: ['sleep'],
      missing: [],
      hasDefault: true,
    },
  ],
  [
    'k6/http',
    {
      members: [
        'get',
        'head',
        'post',
        'put',
        'patch',
        'del',
        'options',
        'request',
        'batch',
        'asyncRequest',
        'url',
        'file',
        'CookieJar',
        'cookieJar',
        'expectedStatuses',
        'setResponseCallback',
        'TLS_1_0',
        'TLS_1_1',
        'TLS_1_2',
        'TLS_1_3',
        'OCSP_STATUS_GOOD',
        'OCSP_STATUS_REVOKED',
        'OCSP_STATUS_SERVER_FAILED',
        'OCSP_STATUS_UNKNOWN',
        'OCSP_REASON_UNSPECIFIED',
        'OCSP_REASON_KEY_COMPROMISE',
        'OCSP_REASON_CA_COMPROMISE',
        'OCSP_REASON_AFFILIATION_CHANGED',
        'OCSP_REASON_SUPERSEDED',
        'OCSP_REASON_CESSATION_OF_OPERATION',
        'OCSP_REASON_CERTIFICATE_HOLD',
        'OCSP_REASON_REMOVE_FROM_CRL',
        'OCSP_REASON_PRIVILEGE_WITHDRAWN',
        'OCSP_REASON_AA_COMPROMISE',
      ],
      blocking: ['get', 'head', 'post', 'put', 'patch', 'del', 'options', 'request', 'batch'],
      missing: [],
      hasDefault: true,
    },
  ],
  ['k6/ws', { members: ['connect'], blocking: ['connect'], missing: [], hasDefault: true }],
  [
    'k6/metrics',
    { members: ['Counter', 'Gauge', 'Rate', 'Trend'], blocking: [], missing: [], hasDefault: true },
  ],
  [
    'k6/execution',
    {
      members: ['instance', 'scenario', 'test', 'vu'],
      blocking: [],
      missing: [],
      hasDefault: true,
    },
  ],
  ['k6/data', { members: ['SharedArray'], blocking: [], missing: [], hasDefault: true }],
  [
    'k6/encoding',
    { members: ['b64encode', 'b64decode'], blocking: [], missing: [], hasDefault: true },
  ],
  [
    'k6/crypto',
    {
      members: [
        'createHash',
        'createHMAC',
        'hmac',
        'md4',
        'md5',
        'sha1',
        'sha256',
        'sha384',
        'sha512',
        'sha512_224',
        'sha512_256',
        'ripemd160',
        'randomBytes',
        'hexEncode',
      ],
      blocking: [],
      missing: [],
      hasDefault: true,
    },
  ],
  [
    'k6/timers',
    {
      members: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
      blocking: [],
      missing: [],
      hasDefault: true,
    },
  ],
  [
    'k6/websockets',
    { members: ['WebSocket', 'Blob'], blocking: [], missing: [], hasDefault: true },
  ],
  [
    'k6/experimental/websockets',
    { members: ['WebSocket', 'Blob'], blocking: [], missing: [], hasDefault: true },
  ],
  ['k6/html', { members: ['parseHTML'], blocking: [], missing: [], hasDefault: true }],
  [
    'jslib/k6-utils',
    {
      members: [
        'check',
        'findBetween',
        'getCurrentStageIndex',
        'normalDistributionStages',
        'randomIntBetween',
        'randomItem',
        'randomString',
        'tagWithCurrentStageIndex',
        'tagWithCurrentStageProfile',
        'uuidv4',
      ],
      blocking: [],
      missing: [],
      hasDefault: true,
    },
  ],
  [
    'jslib/k6-summary',
    {
      members: ['humanizeValue', 'jUnit', 'textSummary'],
      blocking: [],
      missing: [],
      hasDefault: true,
    },
  ],
  [
    'jslib/papaparse',
    {
      members: [
        'BAD_DELIMITERS',
        'BYTE_ORDER_MARK',
        'RECORD_SEP',
        'UNIT_SEP',
        'WORKERS_SUPPORTED',
        'parse',
        'unparse',
      ],
      blocking: [],
      missing: [],
      hasDefault: true,
    },
  ],
] satisfies [string, BuiltinModule][])

/** Libraries of k6's library site that are here without the network, whatever their version. */
const JSLIB = /^https:\/\/jslib\.k6\.io\/(k6-utils|k6-summary|papaparse)\/[^/]+\/index\.js$/

/** The built-in module that `specifier` names, or undefined. */
export function builtinName(specifier: string): string | undefined {
  const library = JSLIB.exec(specifier)?.[1]
  const name = library === undefined ? specifier : `jslib/${library}`
  return BUILTIN_MODULES.has(name) && (library !== undefined || !name.startsWith('jslib/'))
    ? name
    : undefined
}

/** Globals of the VU; every other free name that the language lacks is undefined, as in k6. */
export const VU_GLOBALS: ReadonlySet<string> = new Set([
  '__VU',
  '__ITER',
  '__ENV',
  'console',
  'open',
  'require',
  'globalThis',
  'global',
  'Math',
  'crypto',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'TextEncoder',
  'TextDecoder',
])

/** Names of the language itself, the same object for every VU. */
export const LANGUAGE_GLOBALS: ReadonlySet<string> = new Set([
  'undefined',
  'NaN',
  'Infinity',
  'Object',
  'Function',
  'Array',
  'Number',
  'Boolean',
  'String',
  'Symbol',
  'BigInt',
  'Date',
  'Promise',
  'RegExp',
  'Error',
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'JSON',
  'Reflect',
  'Proxy',
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'WeakRef',
  'FinalizationRegistry',
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Atomics',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'parseInt',
  'parseFloat',
  'isNaN',
  'isFinite',
  'encodeURI',
  'encodeURIComponent',
  'decodeURI',
  'decodeURIComponent',
  'escape',
  'unescape',
  'eval',
  'arguments',
])

/** Modules of k6 that Vigie has not, and why. */
const ABSENT = new Map([
  ['k6/net/grpc', 'gRPC is not supported'],
  ['k6/browser', 'browsers are not supported'],
  ['k6/experimental/browser', 'browsers are not supported'],
  ['k6/experimental/grpc', 'gRPC is not supported'],
  ['k6/experimental/redis', 'extensions written in Go are not supported'],
  ['k6/experimental/tracing', 'k6 has removed it, too'],
  ['k6/experimental/webcrypto', 'k6 has made it the global crypto'],
  ['k6/experimental/timers', 'k6 has made it the global timers, and k6/timers'],
])

/** Why `specifier`, which is neither served nor a file, cannot be imported. */
export function refuseSpecifier(specifier: string): string {
  if (specifier.startsWith('k6/x/'))
    return `unknown module: "${specifier}": extensions written in Go are not supported`
  if (specifier === 'k6' || specifier.startsWith('k6/')) {
    const why = ABSENT.get(specifier)
    return `unknown module: "${specifier}"${why === undefined ? '' : `: ${why}`}`
  }
  return `only k6 modules, files and https addresses can be imported (npm packages with --npm); got "${specifier}", want "k6/…", "./…", "../…", "/…", "file://…" or "https://…"`
}
