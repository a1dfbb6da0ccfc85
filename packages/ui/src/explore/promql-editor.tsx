/**
 * The PromQL editor: CodeMirror with completion from the server's own names and Vigie's parser for
 * errors. Loaded on demand; until then a plain text area stands in (query-field.tsx).
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { linter, type Diagnostic } from '@codemirror/lint'
import { Annotation, EditorState, Prec } from '@codemirror/state'
import { EditorView, keymap, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { PromQLExtension } from '@prometheus-io/codemirror-promql'
import { ParseError, parseExpr } from '@vigie/promql/syntax'
import { useEffect, useRef, type ReactElement } from 'react'
import type { QueryFieldProps } from './query-field.tsx'

const LINT_DELAY_MS = 400

/** Marks a text that was put into the editor, not typed. */
const given = Annotation.define<boolean>()

const highlight = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--s6)' },
  { tag: tags.function(tags.variableName), color: 'var(--accent-text)' },
  { tag: tags.labelName, color: 'var(--s3)' },
  { tag: tags.string, color: 'var(--s2)' },
  { tag: [tags.number, tags.special(tags.number)], color: 'var(--s8)' },
  { tag: [tags.operator, tags.modifier], color: 'var(--s6)' },
  { tag: tags.comment, color: 'var(--fg2)', fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--crit-text)' },
])

const look = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'transparent', color: 'var(--fg0)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { fontFamily: 'var(--mono)', padding: '7px 0', caretColor: 'var(--fg0)' },
  '.cm-line': { padding: '0 10px' },
  '.cm-scroller': { lineHeight: '20px', maxHeight: '240px' },
  '.cm-cursor': { borderLeftColor: 'var(--fg0)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection': {
    backgroundColor: 'var(--accent-fill)',
  },
  '.cm-placeholder': { color: 'var(--fg2)' },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-fill)', outline: 'none' },
  '.cm-tooltip': {
    backgroundColor: 'var(--bg1)',
    color: 'var(--fg0)',
    border: '1px solid var(--line2)',
    borderRadius: '6px',
    boxShadow: 'var(--shadow)',
    maxWidth: 'min(560px, 90vw)',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12px' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent-fill)',
    color: 'var(--fg0)',
  },
  '.cm-completionDetail': { color: 'var(--fg2)', fontStyle: 'normal', marginLeft: '12px' },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent-text)' },
  '.cm-completionInfo': { padding: '6px 8px', fontSize: '12px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--crit)' },
})

export function PromqlEditor({ value, onChange, onRun, label }: QueryFieldProps): ReactElement {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  /** Texts handed to onChange that have not come back as `value` yet. */
  const told = useRef<string[]>([])
  const handlers = useRef({ onChange, onRun })
  handlers.current = { onChange, onRun }

  useEffect(() => {
    const promql = new PromQLExtension().activateLinter(false).setComplete({
      remote: { url: '', httpMethod: 'GET', fetchFn: (input, init) => fetch(input, init) },
    })
    const run = (): boolean => {
      handlers.current.onRun()
      return true
    }
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          promql.asExtension(),
          linter((current) => problems(current.state.doc.toString()), { delay: LINT_DELAY_MS }),
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          syntaxHighlighting(highlight),
          look,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label }),
          placeholder('A PromQL expression, e.g. sum by (job) (rate(http_requests_total[1m]))'),
          // Completion takes Enter first when its list is open; Shift+Enter always runs.
          keymap.of([...completionKeymap, ...closeBracketsKeymap]),
          Prec.high(
            keymap.of([
              { key: 'Shift-Enter', run },
              { key: 'Mod-Enter', run },
            ]),
          ),
          keymap.of([{ key: 'Enter', run }]),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged || update.transactions.some((one) => one.annotation(given)))
              return
            const text = update.state.doc.toString()
            told.current.push(text)
            handlers.current.onChange(text)
          }),
        ],
      }),
    })
    view.current = editor
    return () => {
      editor.destroy()
      promql.destroy()
    }
    // The document is the editor's from here on; the next effect brings changes from outside.
  }, [])

  useEffect(() => {
    const editor = view.current
    if (!editor) return
    // What the editor told comes back late while somebody types on: that is no change from outside.
    const at = told.current.indexOf(value)
    told.current.splice(0, at < 0 ? told.current.length : at + 1)
    if (at >= 0 || editor.state.doc.toString() === value) return
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: value },
      annotations: given.of(true),
    })
  }, [value])

  return <div ref={host} className="query-editor" data-testid="explore-editor" />
}

function problems(query: string): Diagnostic[] {
  if (query.trim() === '') return []
  try {
    parseExpr(query)
    return []
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return error.problems.map(({ message, start, end }) => ({
      from: Math.min(start, query.length),
      to: Math.min(Math.max(end, start), query.length),
      severity: 'error',
      message,
    }))
  }
}
