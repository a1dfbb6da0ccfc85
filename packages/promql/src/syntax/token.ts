/** Tokens of PromQL, and how Prometheus names them in error messages. */
import { quote } from '@vigie/model'

export type TokenKind =
  | 'EOF'
  | 'ERROR'
  | 'COMMENT'
  | 'IDENTIFIER'
  | 'METRIC_IDENTIFIER'
  | 'STRING'
  | 'NUMBER'
  | 'DURATION'
  | 'COMMA'
  | 'COLON'
  | 'LEFT_PAREN'
  | 'RIGHT_PAREN'
  | 'LEFT_BRACE'
  | 'RIGHT_BRACE'
  | 'LEFT_BRACKET'
  | 'RIGHT_BRACKET'
  | 'EQL'
  | 'EQL_REGEX'
  | 'NEQ_REGEX'
  | 'ADD'
  | 'SUB'
  | 'MUL'
  | 'DIV'
  | 'MOD'
  | 'POW'
  | 'EQLC'
  | 'NEQ'
  | 'LSS'
  | 'LTE'
  | 'GTR'
  | 'GTE'
  | 'TRIM_UPPER'
  | 'TRIM_LOWER'
  | 'AT'
  | KeywordKind

type KeywordKind =
  | 'LAND'
  | 'LOR'
  | 'LUNLESS'
  | 'ATAN2'
  | 'SUM'
  | 'AVG'
  | 'COUNT'
  | 'MIN'
  | 'MAX'
  | 'GROUP'
  | 'STDDEV'
  | 'STDVAR'
  | 'TOPK'
  | 'BOTTOMK'
  | 'COUNT_VALUES'
  | 'QUANTILE'
  | 'LIMITK'
  | 'LIMIT_RATIO'
  | 'OFFSET'
  | 'ANCHORED'
  | 'SMOOTHED'
  | 'BY'
  | 'WITHOUT'
  | 'ON'
  | 'IGNORING'
  | 'GROUP_LEFT'
  | 'GROUP_RIGHT'
  | 'FILL'
  | 'FILL_LEFT'
  | 'FILL_RIGHT'
  | 'BOOL'
  | 'START'
  | 'END'
  | 'STEP'
  | 'RANGE'
  | 'MIN_OF'
  | 'MAX_OF'

export interface Token {
  kind: TokenKind
  /** As written; of an ERROR, its message. */
  text: string
  start: number
  end: number
}

/** Words with a meaning of their own outside of braces, in lower case. */
export const KEYWORDS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ['and', 'LAND'],
  ['or', 'LOR'],
  ['unless', 'LUNLESS'],
  ['atan2', 'ATAN2'],
  ['sum', 'SUM'],
  ['avg', 'AVG'],
  ['count', 'COUNT'],
  ['min', 'MIN'],
  ['max', 'MAX'],
  ['group', 'GROUP'],
  ['stddev', 'STDDEV'],
  ['stdvar', 'STDVAR'],
  ['topk', 'TOPK'],
  ['bottomk', 'BOTTOMK'],
  ['count_values', 'COUNT_VALUES'],
  ['quantile', 'QUANTILE'],
  ['limitk', 'LIMITK'],
  ['limit_ratio', 'LIMIT_RATIO'],
  ['offset', 'OFFSET'],
  ['anchored', 'ANCHORED'],
  ['smoothed', 'SMOOTHED'],
  ['by', 'BY'],
  ['without', 'WITHOUT'],
  ['on', 'ON'],
  ['ignoring', 'IGNORING'],
  ['group_left', 'GROUP_LEFT'],
  ['group_right', 'GROUP_RIGHT'],
  ['fill', 'FILL'],
  ['fill_left', 'FILL_LEFT'],
  ['fill_right', 'FILL_RIGHT'],
  ['bool', 'BOOL'],
  ['start', 'START'],
  ['end', 'END'],
  ['step', 'STEP'],
  ['range', 'RANGE'],
  ['inf', 'NUMBER'],
  ['nan', 'NUMBER'],
])

/** Words with a meaning inside of brackets. */
export const DURATION_KEYWORDS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ['step', 'STEP'],
  ['range', 'RANGE'],
  ['min_of', 'MIN_OF'],
  ['max_of', 'MAX_OF'],
])

const AGGREGATORS = [
  'SUM',
  'AVG',
  'COUNT',
  'MIN',
  'MAX',
  'GROUP',
  'STDDEV',
  'STDVAR',
  'TOPK',
  'BOTTOMK',
  'COUNT_VALUES',
  'QUANTILE',
  'LIMITK',
  'LIMIT_RATIO',
] as const

export const AGGREGATOR_KINDS: ReadonlySet<TokenKind> = new Set(AGGREGATORS)

/** Keywords that are metric names where a metric name can stand. */
export const METRIC_NAME_KINDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...AGGREGATORS,
  'IDENTIFIER',
  'METRIC_IDENTIFIER',
  'BY',
  'WITHOUT',
  'OFFSET',
  'ANCHORED',
  'SMOOTHED',
  'LAND',
  'LOR',
  'LUNLESS',
  'START',
  'END',
  'STEP',
  'RANGE',
])

/** Keywords that are label names where a label name can stand: as in Prometheus, all but `without`. */
export const LABEL_NAME_KINDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...[...METRIC_NAME_KINDS].filter((kind) => kind !== 'WITHOUT'),
  'BOOL',
  'GROUP_LEFT',
  'GROUP_RIGHT',
  'FILL',
  'FILL_LEFT',
  'FILL_RIGHT',
  'IGNORING',
  'ON',
  'ATAN2',
])

const OPERATORS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'ADD',
  'SUB',
  'MUL',
  'DIV',
  'MOD',
  'POW',
  'EQLC',
  'NEQ',
  'LSS',
  'LTE',
  'GTR',
  'GTE',
  'TRIM_UPPER',
  'TRIM_LOWER',
  'EQL_REGEX',
  'NEQ_REGEX',
  'LAND',
  'LOR',
  'LUNLESS',
  'ATAN2',
  'AT',
])

const LITERALS: ReadonlyMap<TokenKind, string> = new Map<TokenKind, string>([
  ['IDENTIFIER', 'identifier'],
  ['METRIC_IDENTIFIER', 'metric identifier'],
  ['STRING', 'string'],
  ['NUMBER', 'number'],
  ['DURATION', 'duration'],
])

/** Words that Prometheus does not count among its keywords. */
const PREPROCESSORS: ReadonlySet<TokenKind> = new Set<TokenKind>(['START', 'END', 'STEP', 'RANGE'])

const WORDS: ReadonlySet<TokenKind> = new Set(KEYWORDS.values())

/** A token as an error message calls it. */
export function describeToken(token: Token): string {
  const { kind, text } = token
  if (kind === 'EOF') return 'end of input'
  const literal = LITERALS.get(kind)
  if (literal !== undefined) {
    const isName = kind === 'IDENTIFIER' || kind === 'METRIC_IDENTIFIER'
    return `${literal} ${text.length > 10 && !isName ? quote(text.slice(0, 10)) + '...' : quote(text)}`
  }
  if (OPERATORS.has(kind)) return `<op:${text}>`
  if (AGGREGATOR_KINDS.has(kind)) return `<aggr:${text}>`
  if (WORDS.has(kind) && !PREPROCESSORS.has(kind)) return `<${text}>`
  return quote(text)
}
