/** How often a page asks again; the button asks at once. */
import type { ReactElement } from 'react'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'

const CHOICES = ['', '2s', '5s', '10s', '30s', '1m', '5m', '15m']

export function RefreshPicker({
  every,
  onChange,
  onRefresh,
}: {
  /** As in the address: `10s`, or '' for off. */
  every: string
  onChange: (every: string) => void
  onRefresh: () => void
}): ReactElement {
  return (
    <div className="btn-group">
      <button type="button" className="btn icon" aria-label="Refresh now" onClick={onRefresh}>
        <Icon name="refresh" size={14} />
      </button>
      <Popover
        ariaLabel="Refresh interval"
        testId="refresh-picker"
        label={
          <>
            {every || 'Off'}
            <Icon name="chevron" size={12} />
          </>
        }
      >
        {(close) =>
          CHOICES.map((choice) => (
            <button
              key={choice}
              type="button"
              className={choice === every ? 'menu-item on' : 'menu-item'}
              onClick={() => {
                onChange(choice)
                close()
              }}
            >
              {choice === '' ? 'Off' : `Every ${choice}`}
            </button>
          ))
        }
      </Popover>
    </div>
  )
}
