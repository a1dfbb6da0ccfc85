/** Where a query is typed: a text area at once, the real editor as soon as it has loaded. */
import { lazy, Suspense, type ReactElement } from 'react'

export interface QueryFieldProps {
  value: string
  onChange: (value: string) => void
  onRun: () => void
  label: string
}

const Editor = lazy(async () => ({
  default: (await import('./promql-editor.tsx')).PromqlEditor,
}))

export function QueryField(props: QueryFieldProps): ReactElement {
  return (
    <Suspense fallback={<PlainField {...props} />}>
      <Editor {...props} />
    </Suspense>
  )
}

function PlainField({ value, onChange, onRun, label }: QueryFieldProps): ReactElement {
  return (
    <textarea
      className="query-plain"
      rows={1}
      aria-label={label}
      value={value}
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return
        event.preventDefault()
        onRun()
      }}
    />
  )
}
