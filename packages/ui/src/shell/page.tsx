/** The frame of one page: its title bar with controls, then its body. */
import { useEffect, type ReactElement, type ReactNode } from 'react'
import { Progress } from '../controls/feedback.tsx'

export function Page({
  title,
  note,
  controls,
  isLoading = false,
  children,
}: {
  title: string
  note?: ReactNode
  controls?: ReactNode
  isLoading?: boolean
  children: ReactNode
}): ReactElement {
  useEffect(() => {
    document.title = `${title} · Vigie`
  }, [title])
  return (
    <main className="page">
      <header className="top">
        <div className="top-title">
          <h1 className="ellipsis" title={title}>
            {title}
          </h1>
          {note && <span className="sub ellipsis">{note}</span>}
        </div>
        {controls && <div className="top-controls">{controls}</div>}
        {isLoading && <Progress />}
      </header>
      <div className="body">{children}</div>
    </main>
  )
}
