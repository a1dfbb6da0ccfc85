/** Which info series a call of info() asks for. */
import { METRIC_NAME, Matcher } from '@vigie/model'
import type { Call, Expr, VectorSelector } from '../syntax/ast.ts'

const isOfName = ({ name }: Matcher): boolean => name === METRIC_NAME

/**
 * Which names info series have: target_info, unless the second argument says something about the
 * name. Where it only says what the name is not, any other name that ends in `_info` will do.
 */
export function infoNameMatchers({ args }: Call): Matcher[] {
  const ofName = writtenMatchers(args).filter(isOfName)
  if (ofName.length === 0) return [new Matcher('=', METRIC_NAME, 'target_info')]
  const isNegative = ofName.every(({ type }) => type.startsWith('!'))
  return isNegative ? [new Matcher('=~', METRIC_NAME, '.+_info'), ...ofName] : ofName
}

/** What the second argument says about other labels: these are the ones to add. */
export const dataMatchers = ({ args }: Call): Matcher[] =>
  writtenMatchers(args).filter((matcher) => !isOfName(matcher))

function writtenMatchers([, written]: readonly Expr[]): Matcher[] {
  return written?.kind === 'vectorSelector' ? written.matchers : []
}

/** A selector of all series that may be needed. */
export function infoSelector(call: Call): VectorSelector {
  const matchers = [...infoNameMatchers(call), ...dataMatchers(call)]
  return {
    kind: 'vectorSelector',
    name: '',
    matchers,
    isAnchored: false,
    isSmoothed: false,
    allowsEmpty: true,
    offsetMs: 0,
    offsetExpr: undefined,
    atMs: undefined,
    atEdge: undefined,
    start: call.start,
    end: call.end,
  }
}
