/** The script as it was run, with the files that it imports. */
import { useState, type ReactElement } from 'react'
import { ApiError } from '../api/client.ts'
import type { RunSource } from '../api/vigie.ts'
import { useVigie } from '../api/use-api.ts'
import { Content, Empty, Note } from '../controls/feedback.tsx'

const NOT_FOUND = 404

export function RunScript({ id }: { id: string }): ReactElement {
  const source = useVigie<RunSource>(`runs/${encodeURIComponent(id)}/script`)
  const [path, setPath] = useState<string>()
  if (source.error instanceof ApiError && source.error.status === NOT_FOUND) {
    return (
      <section className="panel" aria-label="Script">
        <Empty title="The script is not here" icon="load">
          Its process did not send it: it ended before, or is of an older version.
        </Empty>
      </section>
    )
  }
  return (
    <section className="panel" aria-label="Script">
      <Content loaded={source}>
        {({ files, isCut }) => {
          const shown = files.find((file) => file.path === path) ?? files[0]
          return (
            <>
              {isCut && <Note tone="warn">The script is long: its end was not kept.</Note>}
              {files.length > 1 && (
                <div className="btn-group script-files" role="group" aria-label="Files">
                  {files.map((file) => (
                    <button
                      key={file.path}
                      type="button"
                      className={file === shown ? 'btn on' : 'btn'}
                      aria-pressed={file === shown}
                      onClick={() => setPath(file.path)}
                    >
                      {file.path}
                    </button>
                  ))}
                </div>
              )}
              {shown && <Lines text={shown.text} name={shown.path} />}
            </>
          )
        }}
      </Content>
    </section>
  )
}

/** Numbers and text are one element each: a script of a hundred thousand lines costs no more. */
function Lines({ text, name }: { text: string; name: string }): ReactElement {
  const trimmed = text.replace(/\n$/, '')
  const count = trimmed.split('\n').length
  return (
    <div
      className="script-text"
      data-testid="run-script"
      tabIndex={0}
      aria-label={name}
      role="region"
    >
      <pre aria-hidden="true" className="script-numbers">
        {Array.from({ length: count }, (_, i) => i + 1).join('\n')}
      </pre>
      <pre>{trimmed}</pre>
    </div>
  )
}
