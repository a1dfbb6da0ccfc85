/** All dashboards: folders, tags, a search, and import of Grafana JSON by upload, drop or paste. */
import { useEffect, useRef, useState, type ReactElement } from 'react'
import { Link, useLocation } from 'wouter'
import type { DashboardEntry } from '../api/vigie.ts'
import { useApi, useVigie } from '../api/use-api.ts'
import { Content, Empty, Note } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'
import { Page } from '../shell/page.tsx'
import { useParams } from '../shell/url-state.ts'
import { allTags, groupByFolder, matchesSearch } from './dashboard-search.ts'

const EVERY_MS = 10_000
/** A dashboard larger than this is a mistake. */
const IMPORT_BYTES_MAX = 10 * 1024 * 1024

export function DashboardsPage(): ReactElement {
  const api = useApi()
  const [, navigate] = useLocation()
  const [params, setParams] = useParams()
  const list = useVigie<DashboardEntry[]>('dashboards', EVERY_MS)
  const [failure, setFailure] = useState('')
  const search = params.get('query') ?? ''
  const tag = params.get('tag')

  async function importText(name: string, text: string): Promise<void> {
    setFailure('')
    try {
      if (text.length > IMPORT_BYTES_MAX) throw new Error('larger than 10 MiB')
      const { uid } = await api.send<{ uid: string }>('POST', '/api/vigie/dashboards', parse(text))
      navigate(`/d/${encodeURIComponent(uid)}`)
    } catch (error) {
      setFailure(`cannot import ${name}: ${(error as Error).message}`)
    }
  }
  const isOver = useDropAndPaste((name, text) => void importText(name, text))

  return (
    <Page title="Dashboards" controls={<ImportButton onText={importText} />}>
      {isOver && <div className="drop-over">Drop the dashboard’s JSON to import it</div>}
      {failure && <Note tone="crit">{failure}</Note>}
      <div className="toolbar">
        <div className="search">
          <Icon name="explore" size={15} />
          <input
            className="input"
            type="search"
            aria-label="Search dashboards"
            placeholder="Search by title, folder or tag"
            value={search}
            onChange={(event) => setParams({ query: event.target.value || null })}
          />
        </div>
        <TagMenu
          tags={allTags(list.data ?? [])}
          selected={tag}
          onSelect={(next) => setParams({ tag: next })}
        />
      </div>
      <Content
        loaded={list}
        isEmpty={(all) => all.length === 0}
        empty={
          <Empty title="No dashboards yet" icon="dashboards">
            Drop a Grafana JSON file here, or name a folder of them in the configuration. A job that
            is scraped gets one by itself.
          </Empty>
        }
      >
        {(all) => <Folders entries={all.filter((one) => matchesSearch(one, search, tag))} />}
      </Content>
    </Page>
  )
}

function TagMenu({
  tags,
  selected,
  onSelect,
}: {
  tags: string[]
  selected: string | null
  onSelect: (tag: string | null) => void
}): ReactElement | null {
  if (selected !== null) {
    return (
      <button type="button" className="btn on" onClick={() => onSelect(null)}>
        {selected}
        <Icon name="cross" size={12} />
      </button>
    )
  }
  if (tags.length === 0) return null
  return (
    <Popover
      align="left"
      label={
        <>
          Tags
          <Icon name="chevron" size={12} />
        </>
      }
    >
      {(close) =>
        tags.map((tag) => (
          <button
            key={tag}
            type="button"
            className="menu-item"
            onClick={() => {
              onSelect(tag)
              close()
            }}
          >
            {tag}
          </button>
        ))
      }
    </Popover>
  )
}

function Folders({ entries }: { entries: DashboardEntry[] }): ReactElement {
  if (entries.length === 0) return <Empty title="No dashboard matches" icon="explore" />
  return (
    <>
      {groupByFolder(entries).map(([folder, list]) => (
        <section key={folder} aria-label={folder}>
          <div className="section-title" style={{ paddingBottom: 6 }}>
            <Icon name="folder" size={14} />
            <h2>{folder}</h2>
            <span className="sub num">{list.length}</span>
          </div>
          <div className="dash-grid">
            {list.map((entry) => (
              <Card key={entry.uid} entry={entry} />
            ))}
          </div>
        </section>
      ))}
    </>
  )
}

function Card({ entry }: { entry: DashboardEntry }): ReactElement {
  return (
    <Link
      className="panel dash-card"
      href={`/d/${encodeURIComponent(entry.uid)}`}
      data-testid="dashboard-card"
      data-uid={entry.uid}
    >
      <b>{entry.title}</b>
      <span className="tags">
        {entry.source === 'generated' && <span className="sub">made from its metrics</span>}
        {entry.source === 'imported' && <span className="sub">imported</span>}
        {entry.tags.map((tag) => (
          <span className="tag" key={tag}>
            {tag}
          </span>
        ))}
      </span>
    </Link>
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`not JSON (${(error as Error).message})`, { cause: error })
  }
}

function ImportButton({
  onText,
}: {
  onText: (name: string, text: string) => Promise<void>
}): ReactElement {
  const file = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  return (
    <Popover
      className="btn primary"
      testId="import"
      label={
        <>
          <Icon name="upload" size={14} />
          Import
        </>
      }
    >
      {(close) => (
        <div className="stack" style={{ width: 'min(420px, 84vw)', padding: 4 }}>
          <input
            ref={file}
            type="file"
            accept=".json,application/json"
            className="visually-hidden"
            aria-label="Dashboard file"
            data-testid="import-file"
            onChange={(event) => {
              const chosen = event.target.files?.[0]
              if (chosen) void chosen.text().then((content) => onText(chosen.name, content))
              close()
            }}
          />
          <button type="button" className="btn" onClick={() => file.current?.click()}>
            <Icon name="upload" size={14} />
            Choose a file
          </button>
          <textarea
            className="paste"
            aria-label="Dashboard JSON"
            placeholder="or paste a Grafana dashboard’s JSON here"
            data-testid="import-text"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <button
            type="button"
            className="btn primary"
            disabled={text.trim() === ''}
            data-testid="import-apply"
            onClick={() => {
              void onText('the pasted text', text)
              close()
            }}
          >
            Import
          </button>
        </div>
      )}
    </Popover>
  )
}

/** Files dropped anywhere, and JSON pasted anywhere but into a field. True while one hovers. */
function useDropAndPaste(onText: (name: string, text: string) => void): boolean {
  const [isOver, setOver] = useState(false)
  const latest = useRef(onText)
  latest.current = onText
  useEffect(() => {
    const abort = new AbortController()
    const options = { signal: abort.signal }
    window.addEventListener(
      'dragover',
      (event) => {
        event.preventDefault()
        setOver(true)
      },
      options,
    )
    window.addEventListener(
      'dragleave',
      (event) => {
        if (event.relatedTarget === null) setOver(false)
      },
      options,
    )
    window.addEventListener(
      'drop',
      (event) => {
        event.preventDefault()
        setOver(false)
        const dropped = event.dataTransfer?.files[0]
        if (dropped) void dropped.text().then((text) => latest.current(dropped.name, text))
      },
      options,
    )
    window.addEventListener(
      'paste',
      (event) => {
        const isField = (event.target as HTMLElement | null)?.closest('input, textarea')
        const text = event.clipboardData?.getData('text') ?? ''
        if (!isField && text.trimStart().startsWith('{')) latest.current('the pasted text', text)
      },
      options,
    )
    return () => abort.abort()
  }, [])
  return isOver
}
