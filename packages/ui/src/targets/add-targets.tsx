/** A field that takes addresses to watch: what serves /metrics is scraped, the rest probed. */
import { useState, type FormEvent, type ReactElement } from 'react'
import type { AddedTarget } from '../api/vigie.ts'
import { useApi } from '../api/use-api.ts'
import { Note } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'

export function AddTargets({ onAdded }: { onAdded: () => void }): ReactElement {
  const api = useApi()
  const [text, setText] = useState('')
  const [added, setAdded] = useState<AddedTarget[]>([])
  const [failure, setFailure] = useState('')
  const [isBusy, setBusy] = useState(false)

  async function add(event: FormEvent): Promise<void> {
    event.preventDefault()
    const targets = text.split(/[\s,]+/).filter((one) => one !== '')
    if (targets.length === 0) return
    setBusy(true)
    setFailure('')
    try {
      const answer = await api.send<AddedTarget[]>('POST', '/api/vigie/targets', { targets })
      setAdded(answer)
      setText(
        answer
          .filter((one) => one.error)
          .map((one) => one.target)
          .join(' '),
      )
      onAdded()
    } catch (error) {
      setFailure((error as Error).message)
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className="add-targets" onSubmit={(event) => void add(event)}>
      <div className="toolbar" style={{ flexWrap: 'nowrap' }}>
        <input
          className="input"
          data-testid="add-target"
          aria-label="Addresses to watch"
          placeholder="localhost:3000 or https://example.org"
          value={text}
          onChange={(event) => setText(event.target.value)}
          spellCheck={false}
          autoCapitalize="off"
        />
        <button type="submit" className="btn primary" disabled={isBusy || text.trim() === ''}>
          <Icon name="plus" size={14} />
          Watch
        </button>
      </div>
      {failure && <Note tone="crit">{failure}</Note>}
      {added.map((one) =>
        one.error ? (
          <Note tone="crit" key={one.target}>
            {one.target}: {one.error}
          </Note>
        ) : (
          <Note tone="ok" key={one.target}>
            {one.target} is now {one.kind === 'probe' ? 'probed' : 'scraped'}.
          </Note>
        ),
      )}
    </form>
  )
}
