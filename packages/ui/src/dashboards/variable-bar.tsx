/** A dashboard's variables side by side; those that the file hides are not shown. */
import { useEffect, useState, type ReactElement } from 'react'
import type { ResolvedVariable } from '@vigie/dashboards'
import { VariablePicker } from './variable-picker.tsx'

const SHOWN_TYPES = new Set(['query', 'custom', 'interval', 'datasource', 'textbox'])
const HIDDEN = 2
const WITHOUT_LABEL = 1

export function VariableBar({
  variables,
  onChange,
}: {
  variables: ResolvedVariable[]
  onChange: (name: string, values: string[]) => void
}): ReactElement | null {
  const shown = variables.filter(({ def }) => def.hide !== HIDDEN && SHOWN_TYPES.has(def.type))
  if (shown.length === 0) return null
  return (
    <div className="vars" aria-label="Variables" role="group">
      {shown.map(({ def, options, selected, error }) => {
        const label = def.hide === WITHOUT_LABEL ? '' : def.label || def.name
        return def.type === 'textbox' ? (
          <TextVariable
            key={def.name}
            label={label}
            value={selected[0] ?? ''}
            onChange={(value) => onChange(def.name, [value])}
          />
        ) : (
          <VariablePicker
            key={def.name}
            name={def.name}
            label={label}
            options={options}
            selected={selected}
            isMulti={def.isMulti}
            hasAll={def.hasAll}
            error={error === '' ? undefined : error}
            onChange={(values) => onChange(def.name, values)}
          />
        )
      })}
    </div>
  )
}

function TextVariable({
  label,
  value,
  onChange,
}: {
  label: string
  value: string
  onChange: (value: string) => void
}): ReactElement {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  return (
    <label className="variable">
      {label && <span className="variable-label">{label}</span>}
      <input
        className="input"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => text !== value && onChange(text)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onChange(text)
        }}
      />
    </label>
  )
}
