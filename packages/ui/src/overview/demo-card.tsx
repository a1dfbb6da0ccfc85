/** The demo's switches: break the arcade in one of several ways, and mend it. */
import { useState, type ReactElement } from 'react'
import type { Demo } from '../api/vigie.ts'
import { useApi, useVigie } from '../api/use-api.ts'
import { Content, Note, Pill } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'

const EVERY_MS = 2000

export function DemoCard(): ReactElement {
  const api = useApi()
  const demo = useVigie<Demo>('demo', EVERY_MS)
  const [busy, setBusy] = useState('')
  const [failure, setFailure] = useState('')

  async function act(name: string, path: string, body?: unknown): Promise<void> {
    setBusy(name)
    setFailure('')
    try {
      await api.send('POST', `/api/vigie/demo/${path}`, body)
      demo.reload()
    } catch (error) {
      setFailure((error as Error).message)
    } finally {
      setBusy('')
    }
  }

  return (
    <section aria-label="Demo" data-testid="demo">
      <div className="section-title">
        <h2>Break it</h2>
        <span className="sub">
          and see who notices: a red tile, an alert, a message in the inbox
        </span>
      </div>
      <div className="panel">
        <Content loaded={demo}>
          {({ faults, services }) => (
            <>
              <div className="faults">
                {faults.map((fault) => (
                  <FaultButton
                    key={fault.name}
                    fault={fault}
                    isBusy={busy !== ''}
                    onBreak={() => void act(fault.name, 'break', { fault: fault.name })}
                  />
                ))}
              </div>
              <div className="toolbar" style={{ marginTop: 10 }}>
                <button
                  type="button"
                  className={faults.some((one) => one.active) ? 'btn primary' : 'btn'}
                  data-testid="mend"
                  disabled={busy !== ''}
                  onClick={() => void act('mend', 'mend')}
                >
                  <Icon name="wrench" size={14} />
                  Mend everything
                </button>
                <ServiceLinks services={services} />
              </div>
            </>
          )}
        </Content>
        {failure && <Note tone="crit">{failure}</Note>}
      </div>
    </section>
  )
}

function FaultButton({
  fault,
  isBusy,
  onBreak,
}: {
  fault: Demo['faults'][number]
  isBusy: boolean
  onBreak: () => void
}): ReactElement {
  return (
    <button
      type="button"
      className={fault.active ? 'fault active' : 'fault'}
      disabled={fault.active || isBusy}
      data-testid={`break-${fault.name}`}
      aria-pressed={fault.active}
      onClick={onBreak}
    >
      <b>
        <Icon name={fault.active ? 'warn' : 'zap'} size={13} />
        {fault.title}
        {fault.active && <Pill tone="crit">Broken</Pill>}
      </b>
      <span className="sub">{fault.description}</span>
    </button>
  )
}

function ServiceLinks({ services }: { services: Demo['services'] }): ReactElement {
  return (
    <span className="demo-services">
      {services.map(({ name, url, state, port }) => (
        <a key={name} href={url} target="_blank" rel="noreferrer">
          <span className={`tone-${state === 'up' ? 'ok' : 'crit'} toned`}>
            <Icon name={state === 'up' ? 'ok' : 'down'} size={12} />
          </span>
          {name}
          <span className="sub num">:{port}</span>
          {state !== 'up' && <span className="sub">{state}</span>}
        </a>
      ))}
    </span>
  )
}
