/** All rules by group: what each asks, whether it works, what it found. */
import { useState, type ReactElement } from 'react'
import { Link } from 'wouter'
import type { Rule, RuleGroup } from '../api/prometheus.ts'
import type { Loaded } from '../api/use-api.ts'
import { Content, Empty, Note, Pill } from '../controls/feedback.tsx'
import { LabelChips } from '../controls/labels.tsx'
import { formatAge, formatDurationMs } from '../time/format.ts'
import { AlertPill } from './alert-pill.tsx'
import { Annotations } from './annotations.tsx'

export function RuleList({ groups }: { groups: Loaded<RuleGroup[]> }): ReactElement {
  const [filter, setFilter] = useState('')
  return (
    <Content
      loaded={groups}
      isEmpty={(list) => list.length === 0}
      empty={
        <Empty title="No rules" icon="alerts">
          Name rule files under <code>rule_files:</code> in the configuration.
        </Empty>
      }
    >
      {(list) => (
        <div className="stack">
          <input
            className="input"
            style={{ maxWidth: 420 }}
            aria-label="Filter rules"
            placeholder="Filter by name or expression"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          {list.map((group) => (
            <Group key={`${group.file};${group.name}`} group={group} filter={filter} />
          ))}
        </div>
      )}
    </Content>
  )
}

function Group({ group, filter }: { group: RuleGroup; filter: string }): ReactElement | null {
  const wanted = filter.toLowerCase()
  const shown = group.rules.filter((rule) =>
    `${rule.name}\n${rule.query}`.toLowerCase().includes(wanted),
  )
  if (shown.length === 0) return null
  return (
    <section className="panel" data-testid="rule-group">
      <div className="panel-head">
        <h3 className="ellipsis">{group.name}</h3>
        <span className="sub ellipsis">
          {group.file} · every {formatDurationMs(group.interval * 1000)}
        </span>
      </div>
      {shown.map((rule, i) => (
        <RuleRow key={`${rule.name}:${i}`} rule={rule} />
      ))}
    </section>
  )
}

function RuleRow({ rule }: { rule: Rule }): ReactElement {
  const lastMs = Date.parse(rule.lastEvaluation)
  return (
    <details className="rule-row" data-testid="rule-row" data-rule={rule.name}>
      <summary>
        <RulePill rule={rule} />
        <span className="row-main">
          <b>{rule.name}</b>
          <code className="ellipsis">{rule.query.replaceAll(/\s+/g, ' ')}</code>
        </span>
        <span className="sub num wide-only">
          {lastMs > 0
            ? `${formatAge(Date.now() - lastMs)} ago, took ${formatDurationMs(rule.evaluationTime * 1000)}`
            : 'not yet evaluated'}
        </span>
      </summary>
      <div className="rule-detail">
        <pre className="code-block">{rule.query}</pre>
        {rule.lastError && <Note tone="crit">{rule.lastError}</Note>}
        <dl className="facts num">
          {rule.type === 'alerting' && (
            <>
              <dt>Must hold for</dt>
              <dd>{formatDurationMs((rule.duration ?? 0) * 1000)}</dd>
            </>
          )}
          {lastMs > 0 && (
            <>
              <dt>Evaluated</dt>
              <dd>
                {formatAge(Date.now() - lastMs)} ago, took{' '}
                {formatDurationMs(rule.evaluationTime * 1000)}
              </dd>
            </>
          )}
        </dl>
        {rule.labels && <LabelChips labels={rule.labels} />}
        {rule.annotations && <Annotations annotations={rule.annotations} />}
        <div>
          <Link className="btn" href={`/explore?g0.expr=${encodeURIComponent(rule.query)}`}>
            Open in Explore
          </Link>
        </div>
      </div>
    </details>
  )
}

function RulePill({ rule }: { rule: Rule }): ReactElement {
  if (rule.health === 'err') return <Pill tone="crit">Error</Pill>
  if (rule.health === 'unknown') {
    return (
      <Pill tone="muted" icon="clock">
        Waiting
      </Pill>
    )
  }
  if (rule.type === 'recording') return <Pill tone="ok">Records</Pill>
  return <AlertPill state={rule.state ?? 'inactive'} severity={rule.labels?.['severity']} />
}
