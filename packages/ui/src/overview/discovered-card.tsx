/** What serves /metrics on this machine, to be watched with one click and saved with another. */
import { useState, type ReactElement } from 'react'
import type { AddedTarget, Discovered } from '../api/vigie.ts'
import { useApi, useVigie } from '../api/use-api.ts'
import { Content, Note, Pill } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { AddTargets } from '../targets/add-targets.tsx'
import { formatCount } from '../time/format.ts'

const EVERY_MS = 10_000

export function DiscoveredCard({ onAdded }: { onAdded: () => void }): ReactElement {
  const api = useApi()
  const discovered = useVigie<Discovered[]>('discovered', EVERY_MS)
  const [failure, setFailure] = useState('')
  const [savedAs, setSavedAs] = useState('')

  async function attempt(action: () => Promise<void>): Promise<void> {
    setFailure('')
    try {
      await action()
    } catch (error) {
      setFailure((error as Error).message)
    }
  }

  const watch = (url: string): Promise<void> =>
    attempt(async () => {
      const [added] = await api.send<AddedTarget[]>('POST', '/api/vigie/targets', {
        targets: [url],
      })
      if (added?.error) setFailure(`${url}: ${added.error}`)
      discovered.reload()
      onAdded()
    })
  const save = (): Promise<void> =>
    attempt(async () => {
      const { path } = await api.send<{ path: string }>('POST', '/api/vigie/save')
      setSavedAs(path)
    })

  return (
    <section aria-label="Found on this machine">
      <div className="section-title">
        <h2>Found on this machine</h2>
        <span className="sub">what listens here and serves /metrics</span>
        <span className="spacer" />
        <button type="button" className="btn" data-testid="save" onClick={() => void save()}>
          <Icon name="save" size={14} />
          Save as vigie.yml
        </button>
      </div>
      <div className="panel">
        {savedAs && <Note tone="ok">Written to {savedAs}. The next start reads it.</Note>}
        {failure && <Note tone="crit">{failure}</Note>}
        <Content
          loaded={discovered}
          isEmpty={(list) => list.length === 0}
          empty={<p className="sub hint">Nothing found yet. Name an address below.</p>}
        >
          {(list) => <FoundList list={list} onWatch={(url) => void watch(url)} />}
        </Content>
        <AddTargets
          onAdded={() => {
            discovered.reload()
            onAdded()
          }}
        />
      </div>
    </section>
  )
}

function FoundList({
  list,
  onWatch,
}: {
  list: Discovered[]
  onWatch: (url: string) => void
}): ReactElement {
  return (
    <ul className="rows found">
      {list.map((one) => (
        <li className="row-item" key={one.url} data-testid="discovered-row">
          <span className="row-main">
            <b className="mono ellipsis">{one.url}</b>
            <span className="sub num">
              {one.process ?? 'a process'}
              {one.pid !== null && ` (pid ${one.pid})`} · {formatCount(one.samples)} samples
            </span>
          </span>
          {one.watched ? (
            <Pill tone="ok">Watched</Pill>
          ) : (
            <button
              type="button"
              className="btn"
              data-testid="watch"
              onClick={() => onWatch(one.url)}
            >
              Watch
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}
