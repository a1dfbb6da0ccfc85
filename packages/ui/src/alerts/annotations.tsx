import type { ReactElement } from 'react'

/** Annotations as text; an address becomes a link, nothing else is interpreted. */
export function Annotations({
  annotations,
  without = [],
}: {
  annotations: Record<string, string>
  without?: string[]
}): ReactElement | null {
  const shown = Object.entries(annotations).filter(([name]) => !without.includes(name))
  if (shown.length === 0) return null
  return (
    <dl className="facts">
      {shown.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>
            {/^https?:\/\/\S+$/.test(value) ? (
              <a href={value} target="_blank" rel="noreferrer">
                {value}
              </a>
            ) : (
              value
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}
