/** A button with a floating panel; closes on Escape, on a click elsewhere, and on `close()`. */
import { useEffect, useRef, useState, type ReactElement, type ReactNode } from 'react'

export function Popover({
  label,
  className = 'btn',
  ariaLabel,
  align = 'right',
  testId,
  children,
}: {
  label: ReactNode
  className?: string
  ariaLabel?: string
  align?: 'left' | 'right'
  testId?: string
  children: (close: () => void) => ReactNode
}): ReactElement {
  const [isOpen, setOpen] = useState(false)
  const anchor = useRef<HTMLDivElement>(null)

  useEffect(() => {
    if (!isOpen) return
    const abort = new AbortController()
    const options = { signal: abort.signal }
    document.addEventListener(
      'pointerdown',
      (event) => {
        if (!anchor.current?.contains(event.target as Node)) setOpen(false)
      },
      options,
    )
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.key !== 'Escape') return
        setOpen(false)
        anchor.current?.querySelector('button')?.focus()
      },
      options,
    )
    const panel = anchor.current?.querySelector<HTMLElement>('.popover')
    if (panel) keepInView(panel)
    panel?.querySelector<HTMLElement>('[data-autofocus]')?.focus()
    return () => abort.abort()
  }, [isOpen])

  return (
    <div className="popover-anchor" ref={anchor}>
      <button
        type="button"
        className={className}
        aria-label={ariaLabel}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        data-testid={testId}
        onClick={() => setOpen(!isOpen)}
      >
        {label}
      </button>
      {isOpen && (
        <div className={align === 'left' ? 'popover left' : 'popover'} role="dialog">
          {children(() => setOpen(false))}
        </div>
      )}
    </div>
  )
}

const EDGE_PX = 8

/** Moves the panel sideways when it would leave the window. */
function keepInView(panel: HTMLElement): void {
  const { left, right } = panel.getBoundingClientRect()
  const over = right - (document.documentElement.clientWidth - EDGE_PX)
  const shift = left < EDGE_PX ? EDGE_PX - left : over > 0 ? -over : 0
  if (shift !== 0) panel.style.transform = `translateX(${shift}px)`
}
