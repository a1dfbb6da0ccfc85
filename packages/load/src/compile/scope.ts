/**
 * Which declaration each identifier of one module means. A reference without a declaration is
 * free: a built-in of the language, a global of the VU, or nothing.
 */
import { type Node, child, forEachChild, isFunction, list } from './ast.ts'

export interface Binding {
  name: string
  kind: 'import' | 'var' | 'lexical' | 'function' | 'class' | 'param'
  /** The declaring node: the specifier of an import, the function or class itself, otherwise the identifier. */
  node: Node
}

export interface FunctionInfo {
  node: Node
  /** The function around it; null at the top level of the module. */
  parent: FunctionInfo | null
  /** As a stack trace would call it; '' when it has no name. */
  name: string
}

/** Everything the scope pass finds out about one module. */
export interface Scopes {
  /** Identifier nodes that read or write a variable; undefined: free. */
  references: Map<Node, Binding | undefined>
  /** Identifier nodes that declare a variable. */
  declarations: Map<Node, Binding>
  functions: Map<Node, FunctionInfo>
  /** The function a node stands in directly; null at the top level. */
  functionOf: Map<Node, FunctionInfo | null>
  parents: Map<Node, Node>
  /** Bindings of the module's own top level. */
  top: Map<string, Binding>
}

type Frame = Map<string, Binding>

export function analyseScopes(program: Node): Scopes {
  return new ScopeWalk().run(program)
}

/** Identifiers bound by a pattern, left to right. */
export function patternIdentifiers(pattern: Node): Node[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern]
    case 'ObjectPattern':
      return list(pattern, 'properties').flatMap((property) =>
        patternIdentifiers(
          (property.type === 'RestElement' ? property['argument'] : property['value']) as Node,
        ),
      )
    case 'ArrayPattern':
      return list(pattern, 'elements').flatMap(patternIdentifiers)
    case 'AssignmentPattern':
      return patternIdentifiers(pattern['left'] as Node)
    case 'RestElement':
      return patternIdentifiers(pattern['argument'] as Node)
    default:
      return []
  }
}

class ScopeWalk {
  #frames: Frame[] = []
  #function: FunctionInfo | null = null
  readonly #scopes: Scopes = {
    references: new Map(),
    declarations: new Map(),
    functions: new Map(),
    functionOf: new Map(),
    parents: new Map(),
    top: new Map(),
  }

  run(program: Node): Scopes {
    this.#frames.push(this.#scopes.top)
    this.#hoistVars(program)
    this.#declareLexical(list(program, 'body'))
    for (const statement of list(program, 'body')) this.#visit(statement, program)
    return this.#scopes
  }

  #declare(frame: Frame, identifier: Node, kind: Binding['kind'], node: Node = identifier): void {
    const name = identifier['name'] as string
    const known = frame.get(name)
    const binding = known ?? { name, kind, node }
    if (known !== undefined && kind === 'function') {
      known.kind = kind
      known.node = node
    }
    frame.set(name, binding)
    this.#scopes.declarations.set(identifier, binding)
  }

  /** `var` anywhere below, other functions left out, belongs to the nearest function. */
  #hoistVars(root: Node): void {
    const frame = this.#frames.at(-1)!
    const visit = (node: Node): void => {
      if (isFunction(node) || node.type === 'ClassBody') return
      if (node.type === 'VariableDeclaration' && node['kind'] === 'var') {
        for (const declarator of list(node, 'declarations')) {
          for (const id of patternIdentifiers(declarator['id'] as Node))
            this.#declare(frame, id, 'var')
        }
      }
      forEachChild(node, visit)
    }
    forEachChild(root, visit)
  }

  #declareLexical(statements: Node[]): void {
    const frame = this.#frames.at(-1)!
    for (const outer of statements) {
      const exported =
        outer.type === 'ExportNamedDeclaration' || outer.type === 'ExportDefaultDeclaration'
      const statement = (exported ? child(outer, 'declaration') : null) ?? outer
      const id = child(statement, 'id')
      if (statement.type === 'VariableDeclaration' && statement['kind'] !== 'var') {
        for (const declarator of list(statement, 'declarations')) {
          for (const name of patternIdentifiers(declarator['id'] as Node))
            this.#declare(frame, name, 'lexical')
        }
      } else if (statement.type === 'FunctionDeclaration' && id !== null) {
        this.#declare(frame, id, 'function', statement)
      } else if (statement.type === 'ClassDeclaration' && id !== null) {
        this.#declare(frame, id, 'class', statement)
      } else if (statement.type === 'ImportDeclaration') {
        for (const specifier of list(statement, 'specifiers')) {
          this.#declare(frame, specifier['local'] as Node, 'import', specifier)
        }
      }
    }
  }

  #visit(node: Node, parent: Node): void {
    this.#scopes.parents.set(node, parent)
    this.#scopes.functionOf.set(node, this.#function)
    if (isFunction(node)) return this.#visitFunction(node, parent)
    switch (node.type) {
      case 'Identifier':
        return this.#reference(node)
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'MetaProperty':
      case 'BreakStatement':
      case 'ContinueStatement':
        return
      case 'LabeledStatement':
        return this.#visit(node['body'] as Node, node)
      case 'ExportNamedDeclaration': {
        const declaration = child(node, 'declaration')
        if (declaration !== null) return this.#visit(declaration, node)
        if (child(node, 'source') !== null) return
        for (const specifier of list(node, 'specifiers'))
          this.#visit(specifier['local'] as Node, specifier)
        return
      }
      case 'MemberExpression':
        this.#visit(node['object'] as Node, node)
        if (node['computed'] === true) this.#visit(node['property'] as Node, node)
        return
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
      case 'AccessorProperty':
        if (node['computed'] === true) this.#visit(node['key'] as Node, node)
        if (child(node, 'value') !== null) this.#visit(node['value'] as Node, node)
        return
      case 'BlockStatement':
      case 'StaticBlock':
        return this.#inFrame(() => {
          this.#declareLexical(list(node, 'body'))
          this.#children(node)
        })
      case 'SwitchStatement':
        this.#visit(node['discriminant'] as Node, node)
        return this.#inFrame(() => {
          for (const one of list(node, 'cases')) this.#declareLexical(list(one, 'consequent'))
          for (const one of list(node, 'cases')) this.#visit(one, node)
        })
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
        return this.#inFrame(() => {
          const head = child(node, 'init') ?? child(node, 'left')
          if (head !== null) this.#declareLexical([head])
          this.#children(node)
        })
      case 'CatchClause':
        return this.#visitCatch(node)
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#visitClass(node)
      default:
        return this.#children(node)
    }
  }

  #visitCatch(node: Node): void {
    this.#inFrame(() => {
      const param = child(node, 'param')
      for (const id of param === null ? [] : patternIdentifiers(param)) {
        this.#declare(this.#frames.at(-1)!, id, 'lexical')
      }
      this.#children(node)
    })
  }

  #visitClass(node: Node): void {
    this.#inFrame(() => {
      const id = child(node, 'id')
      if (id !== null && node.type === 'ClassExpression') {
        this.#declare(this.#frames.at(-1)!, id, 'class', node)
      }
      const base = child(node, 'superClass')
      if (base !== null) this.#visit(base, node)
      this.#visit(node['body'] as Node, node)
    })
  }

  #visitFunction(node: Node, parent: Node): void {
    const info: FunctionInfo = { node, parent: this.#function, name: functionName(node, parent) }
    this.#scopes.functions.set(node, info)
    const outer = this.#function
    this.#function = info
    this.#inFrame(() => {
      const frame = this.#frames.at(-1)!
      const id = child(node, 'id')
      if (id !== null && node.type === 'FunctionExpression')
        this.#declare(frame, id, 'function', node)
      for (const param of list(node, 'params')) {
        for (const name of patternIdentifiers(param)) this.#declare(frame, name, 'param')
      }
      const body = node['body'] as Node
      this.#hoistVars(body)
      for (const param of list(node, 'params')) this.#visit(param, node)
      this.#visit(body, node)
    })
    this.#function = outer
  }

  #children(node: Node): void {
    forEachChild(node, (one, field) => {
      if (field === 'id' && node.type !== 'VariableDeclarator') return
      this.#visit(one, node)
    })
  }

  #inFrame(body: () => void): void {
    this.#frames.push(new Map())
    body()
    this.#frames.pop()
  }

  #reference(node: Node): void {
    if (this.#scopes.declarations.has(node)) return
    const name = node['name'] as string
    for (let i = this.#frames.length - 1; i >= 0; i--) {
      const binding = this.#frames[i]!.get(name)
      if (binding !== undefined) {
        this.#scopes.references.set(node, binding)
        return
      }
    }
    this.#scopes.references.set(node, undefined)
  }
}

function functionName(node: Node, parent: Node): string {
  const own =
    child(node, 'id') ??
    child(parent, 'key') ??
    (parent.type === 'VariableDeclarator' ? child(parent, 'id') : null)
  if (own !== null && typeof own['name'] === 'string') return own['name']
  return parent.type === 'ExportDefaultDeclaration' ? 'default' : ''
}
