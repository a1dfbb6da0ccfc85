/** One variable of a dashboard: a chip that opens a list with search, several choices and All. */
import { useState, type ReactElement } from 'react'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'
import { ALL } from '@vigie/dashboards'
import { describeChoice, toggleChoice } from './variable-choice.ts'

/** Options listed at once; a search finds the others. */
const OPTIONS_MAX = 300
/** From this many on there is a search field. */
const SEARCH_FROM = 8

export interface VariablePickerProps {
  name: string
  label: string
  options: { text: string; value: string }[]
  /** `$__all` for all. */
  selected: string[]
  isMulti: boolean
  hasAll: boolean
  error: string | undefined
  onChange: (values: string[]) => void
}

export function VariablePicker(props: VariablePickerProps): ReactElement {
  const { name, label, options, selected, error } = props
  return (
    <div className="variable" data-testid="variable" data-name={name}>
      {label && <span className="variable-label">{label}</span>}
      <Popover
        className="variable-value"
        align="left"
        ariaLabel={`${label || name}: ${describeChoice(options, selected)}`}
        label={
          <>
            {error !== undefined && (
              <span className="tone-crit toned" title={error}>
                <Icon name="warn" size={12} />
              </span>
            )}
            <span className="ellipsis">{describeChoice(options, selected)}</span>
            <Icon name="chevron" size={12} />
          </>
        }
      >
        {(close) => <Options {...props} close={close} />}
      </Popover>
    </div>
  )
}

function Options({
  options,
  selected,
  isMulti,
  hasAll,
  error,
  onChange,
  close,
}: VariablePickerProps & { close: () => void }): ReactElement {
  const [search, setSearch] = useState('')
  const wanted = search.toLowerCase()
  const found = options.filter((one) => one.text.toLowerCase().includes(wanted))
  const pick = (value: string, isToggle: boolean): void => {
    if (isMulti && isToggle) {
      onChange(toggleChoice(selected, value))
    } else {
      onChange([value])
      close()
    }
  }
  return (
    <div className="variable-options">
      {error !== undefined && <p className="time-error">{error}</p>}
      {options.length >= SEARCH_FROM && (
        <input
          className="input"
          data-autofocus
          aria-label="Search"
          placeholder="Search"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && found[0]) pick(found[0].value, false)
          }}
        />
      )}
      {[...(hasAll && wanted === '' ? [{ text: 'All', value: ALL }] : []), ...found]
        .slice(0, OPTIONS_MAX)
        .map(({ text, value }) => {
          const isOn = selected.includes(value)
          return (
            <button
              key={value}
              type="button"
              className={isOn ? 'menu-item on' : 'menu-item'}
              aria-pressed={isOn}
              data-testid="variable-option"
              onClick={() => pick(value, isMulti)}
            >
              <span className="check">{isOn && <Icon name="check" size={14} />}</span>
              <span style={{ overflowWrap: 'anywhere' }}>{text}</span>
            </button>
          )
        })}
      {found.length > OPTIONS_MAX && (
        <p className="sub">and {found.length - OPTIONS_MAX} more: search to find them</p>
      )}
      {found.length === 0 && <p className="sub">Nothing found</p>}
    </div>
  )
}
