/** Starts a script of the configured folder: users and time as the script says, or as is said here. */
import { useState, type FormEvent, type ReactElement } from 'react'
import { useLocation } from 'wouter'
import type { LoadScripts } from '../api/vigie.ts'
import { useApi, type Loaded } from '../api/use-api.ts'
import { Content, Empty, Note } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { sentence } from './sentence.ts'
import { commandLine, startBody, type StartFields } from './start-fields.ts'

export function StartForm({
  scripts,
  preset,
}: {
  scripts: Loaded<LoadScripts>
  /** Path of the script to begin with. */
  preset: string | null
}): ReactElement {
  return (
    <section className="panel start-form" aria-label="Start a run" data-testid="start-form">
      <h3>Start a run</h3>
      <Content
        loaded={scripts}
        isEmpty={(answer) => answer.scripts.length === 0}
        empty={<NoScripts answer={scripts.data} />}
      >
        {(answer) => <Fields answer={answer} preset={preset} onStarted={scripts.reload} />}
      </Content>
    </section>
  )
}

function NoScripts({ answer }: { answer: LoadScripts | undefined }): ReactElement {
  return (
    <Empty title="Nothing to start from here" icon="load">
      {answer?.problem
        ? sentence(answer.problem)
        : `There are no scripts in ${answer?.folder ?? 'the folder'}.`}
    </Empty>
  )
}

function Fields({
  answer,
  preset,
  onStarted,
}: {
  answer: LoadScripts
  preset: string | null
  onStarted: () => void
}): ReactElement {
  const api = useApi()
  const [, navigate] = useLocation()
  const first =
    answer.scripts.find(({ path }) => path === preset || path.endsWith(`/${preset}`)) ??
    answer.scripts[0]!
  const [fields, setFields] = useState<StartFields>({
    script: first.path,
    vus: '',
    duration: '',
    iterations: '',
    env: [],
    findLimit: false,
    hold: '',
    checkAfter: false,
  })
  const [failure, setFailure] = useState('')
  const [isStarting, setStarting] = useState(false)
  const change = (part: Partial<StartFields>): void => setFields({ ...fields, ...part })
  const script = answer.scripts.find(({ path }) => path === fields.script)
  const isFull = answer.runningIds.length >= answer.atOnce

  async function start(event: FormEvent): Promise<void> {
    event.preventDefault()
    setStarting(true)
    try {
      const { id } = await api.send<{ id: string }>(
        'POST',
        '/api/vigie/load/start',
        startBody(fields),
      )
      onStarted()
      navigate(`/load/${encodeURIComponent(id)}`)
    } catch (error) {
      setFailure((error as Error).message)
      setStarting(false)
    }
  }

  return (
    <form onSubmit={(event) => void start(event)}>
      <div className="start-fields">
        <label className="wide">
          Script
          <select
            className="input"
            data-testid="start-script"
            value={fields.script}
            onChange={(event) => change({ script: event.target.value })}
          >
            {answer.scripts.map(({ path }) => (
              <option key={path} value={path}>
                {path}
              </option>
            ))}
          </select>
        </label>
        <NumberField
          label="Users"
          value={fields.vus}
          onChange={(vus) => change({ vus })}
          testId="start-vus"
        />
        <label>
          Duration
          <input
            className="input num"
            placeholder="as the script says"
            data-testid="start-duration"
            value={fields.duration}
            onChange={(event) => change({ duration: event.target.value })}
          />
        </label>
        <NumberField
          label="Iterations"
          value={fields.iterations}
          onChange={(iterations) => change({ iterations })}
          testId="start-iterations"
        />
      </div>
      {script && script.title !== '' && <p className="sub">{script.title}</p>}
      <EnvRows env={fields.env} onChange={(env) => change({ env })} />
      <div className="switches">
        <Switch
          label="Find the limit"
          note="raise the load until the thresholds no longer hold, and see what gave first"
          isOn={fields.findLimit}
          onChange={(findLimit) => change({ findLimit })}
          testId="start-find-limit"
        />
        {fields.findLimit && (
          <label className="hold">
            Hold each load for
            <input
              className="input num"
              placeholder="30s"
              value={fields.hold}
              onChange={(event) => change({ hold: event.target.value })}
            />
          </label>
        )}
        <Switch
          label="Check the data afterwards"
          note="a data check that the run breaks fails it"
          isOn={fields.checkAfter}
          onChange={(checkAfter) => change({ checkAfter })}
          testId="start-check-after"
        />
      </div>
      {failure && <Note tone="crit">{failure}</Note>}
      <div className="toolbar">
        <button
          type="submit"
          className="btn primary"
          data-testid="start-run"
          disabled={isStarting || isFull}
        >
          <Icon name="play" size={13} />
          {isStarting ? 'Starting …' : 'Start'}
        </button>
        {isFull && (
          <span className="sub">
            {answer.atOnce === 1
              ? 'A run goes on: one at a time (load.at_once).'
              : `${answer.runningIds.length} runs go on: no more at a time (load.at_once).`}
          </span>
        )}
        <span className="spacer" />
        <code className="sub ellipsis wide-only" title="The same from the command line">
          {commandLine(fields)}
        </code>
      </div>
    </form>
  )
}

function Switch({
  label,
  note,
  isOn,
  onChange,
  testId,
}: {
  label: string
  note: string
  isOn: boolean
  onChange: (isOn: boolean) => void
  testId: string
}): ReactElement {
  return (
    <label className="switch">
      <input
        type="checkbox"
        data-testid={testId}
        checked={isOn}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        {label} <span className="sub">{note}</span>
      </span>
    </label>
  )
}

function NumberField({
  label,
  value,
  onChange,
  testId,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  testId: string
}): ReactElement {
  return (
    <label>
      {label}
      <input
        className="input num"
        type="number"
        min={1}
        step={1}
        placeholder="as the script says"
        data-testid={testId}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  )
}

function EnvRows({
  env,
  onChange,
}: {
  env: [string, string][]
  onChange: (env: [string, string][]) => void
}): ReactElement {
  const replace = (i: number, row: [string, string]): void =>
    onChange(env.map((one, j) => (j === i ? row : one)))
  return (
    <div className="env-rows" role="group" aria-label="Environment of the script">
      {env.map(([name, value], i) => (
        <div className="env-row" key={i}>
          <input
            className="input mono"
            aria-label={`Name of variable ${i + 1}`}
            placeholder="NAME"
            value={name}
            onChange={(event) => replace(i, [event.target.value, value])}
          />
          <span aria-hidden="true">=</span>
          <input
            className="input mono"
            aria-label={`Value of variable ${i + 1}`}
            placeholder="value"
            value={value}
            onChange={(event) => replace(i, [name, event.target.value])}
          />
          <button
            type="button"
            className="btn ghost icon"
            aria-label={`Remove variable ${i + 1}`}
            onClick={() => onChange(env.filter((_, j) => j !== i))}
          >
            <Icon name="cross" size={13} />
          </button>
        </div>
      ))}
      <button type="button" className="btn ghost" onClick={() => onChange([...env, ['', '']])}>
        <Icon name="plus" size={13} />
        Variable for __ENV
      </button>
    </div>
  )
}
