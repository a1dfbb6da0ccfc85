/** What a page shows when it has a state, nothing, an error, or not yet anything. */
import type { ReactElement, ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'

export type Tone = 'ok' | 'warn' | 'crit' | 'info' | 'muted'

/** A state in colour, icon and word: never in colour alone. */
export function Pill({
  tone,
  icon,
  children,
}: {
  tone: Tone
  icon?: IconName
  children: ReactNode
}): ReactElement {
  return (
    <span className={`pill tone-${tone}`}>
      <Icon name={icon ?? TONE_ICON[tone]} size={12} />
      {children}
    </span>
  )
}

const TONE_ICON: Record<Tone, IconName> = {
  ok: 'ok',
  warn: 'warn',
  crit: 'down',
  info: 'info',
  muted: 'silent',
}

export function Empty({
  title,
  children,
  icon,
  isError = false,
}: {
  title: string
  children?: ReactNode
  icon?: IconName
  isError?: boolean
}): ReactElement {
  return (
    <div className={isError ? 'empty error' : 'empty'} role={isError ? 'alert' : undefined}>
      {icon && <Icon name={icon} size={20} />}
      <b>{title}</b>
      {children && <span>{children}</span>}
    </div>
  )
}

export function Note({ tone, children }: { tone: Tone; children: ReactNode }): ReactElement {
  return (
    <div className={`note tone-${tone}`} role={tone === 'crit' ? 'alert' : 'status'}>
      <Icon name={TONE_ICON[tone]} size={14} />
      <span>{children}</span>
    </div>
  )
}

export function Skeleton({ height, width }: { height: number; width?: string }): ReactElement {
  return <div className="skeleton" style={{ height, width }} aria-hidden="true" />
}

/** Placeholder lines while a list loads for the first time. */
export function SkeletonRows({ count = 4 }: { count?: number }): ReactElement {
  return (
    <div style={{ display: 'grid', gap: 10, padding: '6px 0' }} aria-label="Loading" role="status">
      {Array.from({ length: count }, (_, i) => (
        <Skeleton key={i} height={18} width={`${92 - ((i * 17) % 40)}%`} />
      ))}
    </div>
  )
}

export function Progress(): ReactElement {
  return <div className="progress" role="progressbar" aria-label="Loading" />
}

/**
 * The four faces of something loaded: placeholder, error with a way on, empty, or its content with a
 * note when the newest try failed and what is shown is old.
 */
export function Content<T>({
  loaded,
  isEmpty,
  empty,
  skeleton,
  children,
}: {
  loaded: { data: T | undefined; error: Error | undefined; reload: () => void }
  isEmpty?: (data: T) => boolean
  empty?: ReactNode
  skeleton?: ReactNode
  children: (data: T) => ReactNode
}): ReactElement {
  const { data, error, reload } = loaded
  if (data === undefined) {
    if (!error) return <>{skeleton ?? <SkeletonRows />}</>
    return (
      <Empty title="Cannot load this" icon="warn" isError>
        {error.message}{' '}
        <button className="btn" style={{ marginLeft: 6 }} onClick={reload}>
          Try again
        </button>
      </Empty>
    )
  }
  return (
    <>
      {error && (
        <Note tone="warn">Not up to date, showing what was last known: {error.message}</Note>
      )}
      {isEmpty?.(data) ? empty : children(data)}
    </>
  )
}
