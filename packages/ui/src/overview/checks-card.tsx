/** The data checks: is the data still right? */
import type { ReactElement } from 'react'
import { Link } from 'wouter'
import type { Check } from '../api/vigie.ts'
import type { Loaded } from '../api/use-api.ts'
import { CheckPill } from '../alerts/check-pill.tsx'
import { checkText } from '../alerts/check-text.ts'
import { Content } from '../controls/feedback.tsx'

export function ChecksCard({ checks }: { checks: Loaded<Check[]> }): ReactElement {
  return (
    <section className="panel" aria-label="Data checks" data-testid="checks-card">
      <div className="panel-head">
        <h3>Is the data right?</h3>
        <span className="spacer" />
        <Link className="sub" href="/alerts?tab=checks">
          All checks
        </Link>
      </div>
      <Content
        loaded={checks}
        isEmpty={(list) => list.length === 0}
        empty={
          <p className="sub hint">
            No data checks. Add <code>checks:</code> to the configuration to have SQL, JSON or
            PromQL conditions watched.
          </p>
        }
      >
        {(list) => (
          <ul className="rows">
            {list.map((check) => (
              <li className="row-item" key={check.name} data-testid="check-row">
                <CheckPill check={check} />
                <Link className="row-main" href="/alerts?tab=checks">
                  <b>{check.name}</b>
                  <span className="sub">{checkText(check)}</span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Content>
    </section>
  )
}
