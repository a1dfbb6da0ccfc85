/** PromQL: the language (also alone as `@vigie/promql/syntax`) and the engine that evaluates it over any Queryable. */
export {
  children,
  isComparison,
  isSetOp,
  typeName,
  unwrapParens,
  valueType,
  walk,
  type AggregateExpr,
  type AggregateOp,
  type ArithmeticOp,
  type BinaryExpr,
  type BinaryOp,
  type Call,
  type Cardinality,
  type ComparisonOp,
  type DurationExpr,
  type DurationOperand,
  type Expr,
  type MatrixSelector,
  type Node,
  type NumberLiteral,
  type ParenExpr,
  type SetOp,
  type Span,
  type StringLiteral,
  type Subquery,
  type TimeModifiers,
  type TrimOp,
  type UnaryExpr,
  type ValueType,
  type VectorMatching,
  type VectorSelector,
} from './syntax/ast.ts'
export { FUNCTIONS, type FunctionSignature } from './syntax/functions.ts'
export { Lexer } from './syntax/lexer.ts'
export { ParseError, positionText, utf8Length, type ParseProblem } from './syntax/parse-error.ts'
export { parseExpr, parseSelector, type ParseOptions } from './syntax/parser.ts'
export { prettyPrint, printExpr } from './syntax/print.ts'
export {
  parseLabels,
  parseSeries,
  type SeriesDescription,
  type SeriesValue,
} from './syntax/series.ts'
export { KEYWORDS, type Token, type TokenKind } from './syntax/token.ts'
export {
  Engine,
  type EngineOptions,
  type InstantOptions,
  type QueryOptions,
  type RangeOptions,
} from './engine/engine.ts'
export { histogramText, shortest as formatShortest } from './histogram/print.ts'
export { featureOptions } from './engine/features.ts'
export { QueryError, type QueryErrorCode } from './engine/query-error.ts'
export type {
  MatrixResult,
  MatrixSeries,
  QueryResult,
  QueryStats,
  ScalarResult,
  StringResult,
  VectorResult,
  VectorSample,
} from './engine/result.ts'
