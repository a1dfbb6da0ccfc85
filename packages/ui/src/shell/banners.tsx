/** What the whole installation has to say: a configuration that failed to load, warnings. */
import type { ReactElement } from 'react'
import type { Status } from '../api/vigie.ts'
import { Icon } from '../controls/icon.tsx'

export function Banners({
  status,
  error,
}: {
  status: Status | undefined
  error: Error | undefined
}): ReactElement {
  return (
    <>
      {error && (
        <div className="banner crit" role="alert">
          <Icon name="warn" size={14} />
          <span>{error.message} What you see may be old.</span>
        </div>
      )}
      {status?.configError && (
        <div className="banner crit" role="alert">
          <Icon name="warn" size={14} />
          <details>
            <summary>
              The configuration could not be loaded; the last good one is still in use.
            </summary>
            <pre style={{ whiteSpace: 'pre-wrap' }}>{status.configError}</pre>
          </details>
        </div>
      )}
      {status && status.warnings.length > 0 && (
        <div className="banner warn" role="status">
          <Icon name="info" size={14} />
          <details>
            <summary>
              {status.warnings.length === 1
                ? status.warnings[0]
                : `${status.warnings.length} warnings about the configuration`}
            </summary>
            {status.warnings.length > 1 && (
              <ul>
                {status.warnings.map((warning) => (
                  <li key={warning}>{warning}</li>
                ))}
              </ul>
            )}
          </details>
        </div>
      )}
    </>
  )
}
