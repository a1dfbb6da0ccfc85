/** The little of ESTree that the compiler needs: nodes as the parser gives them, and a walk over them. */

/** Any ESTree node. Which fields there are depends on `type`; the compiler reads them through `child` and `list`. */
export interface Node {
  type: string
  start: number
  end: number
  [field: string]: unknown
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

/** The node in `field`, or null. */
export function child(node: Node, field: string): Node | null {
  const value = node[field]
  return isNode(value) ? value : null
}

/** The nodes in the array `field`; holes (as in `[, a]`) are left out. */
export function list(node: Node, field: string): Node[] {
  const value = node[field]
  return Array.isArray(value) ? value.filter(isNode) : []
}

/** Calls `visit` for every direct child node. */
export function forEachChild(node: Node, visit: (child: Node, field: string) => void): void {
  for (const field in node) {
    const value = node[field]
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) visit(item, field)
    } else if (isNode(value)) {
      visit(value, field)
    }
  }
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

export function isFunction(node: Node): boolean {
  return FUNCTIONS.has(node.type)
}

/** Leaves parentheses and `?.` chains aside. */
export function unwrap(node: Node): Node {
  let inner = node
  while (inner.type === 'ParenthesizedExpression' || inner.type === 'ChainExpression') {
    inner = inner['expression'] as Node
  }
  return inner
}

/** The name of a property that is written out (`a.b`, `a['b']`, `{b: 1}`), or undefined when it is computed. */
export function staticKey(node: Node, keyField: 'key' | 'property'): string | undefined {
  const key = node[keyField] as Node
  if (key.type === 'PrivateIdentifier') return `#${key['name'] as string}`
  if (node['computed'] !== true && key.type === 'Identifier') return key['name'] as string
  const inner = unwrap(key)
  // A well-known symbol: what the language calls by itself.
  if (inner.type === 'MemberExpression' && (inner['object'] as Node)['name'] === 'Symbol')
    return `@@${staticKey(inner, 'property') ?? ''}`
  if (
    inner.type === 'Literal' &&
    (typeof inner['value'] === 'string' || typeof inner['value'] === 'number')
  ) {
    return String(inner['value'])
  }
  return undefined
}
