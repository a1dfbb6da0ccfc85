import type { ReactElement } from 'react'

export interface TabItem<T extends string> {
  id: T
  label: string
  count?: number | undefined
}

export function Tabs<T extends string>({
  items,
  selected,
  onSelect,
  label,
}: {
  items: TabItem<T>[]
  selected: T
  onSelect: (id: T) => void
  label: string
}): ReactElement {
  return (
    <div className="tabs" role="tablist" aria-label={label}>
      {items.map((item) => (
        <button
          key={item.id}
          type="button"
          role="tab"
          className="tab"
          data-testid={`tab-${item.id}`}
          aria-selected={item.id === selected}
          onClick={() => onSelect(item.id)}
        >
          {item.label}
          {item.count !== undefined && <span className="count num">{item.count}</span>}
        </button>
      ))}
    </div>
  )
}
