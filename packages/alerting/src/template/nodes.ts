/** The syntax tree of a template. `at` is an offset in the template's text. */

export type Node =
  | { kind: 'text'; at: number; text: string }
  | { kind: 'action'; at: number; pipe: PipeNode }
  | BranchNode
  | { kind: 'template'; at: number; name: string; pipe: PipeNode | undefined }
  | { kind: 'break' | 'continue'; at: number }

export interface BranchNode {
  kind: 'if' | 'range' | 'with'
  at: number
  pipe: PipeNode
  body: Node[]
  otherwise: Node[] | undefined
}

export interface PipeNode {
  kind: 'pipe'
  at: number
  /** Names with their `$`. */
  variables: string[]
  /** `=` instead of `:=`. */
  isAssignment: boolean
  commands: CommandNode[]
}

export interface CommandNode {
  kind: 'command'
  at: number
  operands: Operand[]
}

export type Operand =
  | PipeNode
  | { kind: 'identifier'; at: number; name: string }
  | { kind: 'field'; at: number; path: string[] }
  | { kind: 'variable'; at: number; name: string; path: string[] }
  | { kind: 'chain'; at: number; base: Operand; path: string[] }
  | { kind: 'dot' | 'nil'; at: number }
  | { kind: 'bool'; at: number; value: boolean }
  | { kind: 'number'; at: number; text: string; value: number | bigint }
  | { kind: 'string'; at: number; text: string; value: string }

/** As Go prints a node in its errors. */
export function showNode(node: Node | Operand | CommandNode): string {
  switch (node.kind) {
    case 'pipe': {
      const assigned =
        node.variables.length === 0
          ? ''
          : `${node.variables.join(', ')} ${node.isAssignment ? '=' : ':='} `
      return assigned + node.commands.map(showNode).join(' | ')
    }
    case 'command':
      return node.operands.map(showOperand).join(' ')
    case 'action':
      return `{{${showNode(node.pipe)}}}`
    case 'template':
      return `{{template ${JSON.stringify(node.name)}${node.pipe ? ' ' + showNode(node.pipe) : ''}}}`
    case 'if':
    case 'range':
    case 'with':
      return `{{${node.kind} ${showNode(node.pipe)}}}`
    case 'text':
      return node.text
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`
    case 'identifier':
    case 'field':
    case 'variable':
    case 'chain':
    case 'dot':
    case 'nil':
    case 'bool':
    case 'number':
    case 'string':
      return showOperand(node)
  }
}

function showOperand(node: Operand): string {
  switch (node.kind) {
    case 'pipe':
      return `(${showNode(node)})`
    case 'identifier':
      return node.name
    case 'field':
      return node.path.map((name) => '.' + name).join('')
    case 'variable':
      return [node.name, ...node.path].join('.')
    case 'chain':
      return [showOperand(node.base), ...node.path].join('.')
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'bool':
      return String(node.value)
    case 'number':
    case 'string':
      return node.text
  }
}
