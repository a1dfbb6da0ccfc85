/** Values between their bounds: arcs, or bars side by side. */
import type { ReactElement } from 'react'
import type { GaugeView } from '@vigie/dashboards'
import { fillColor, textColor } from './css-colour.ts'
import { gaugeArc } from './gauge-arc.ts'

const RING_RADIUS = 92
const ARC_RADIUS = 80

export function GaugePanelView({
  gauges,
  isBar,
}: {
  gauges: GaugeView[]
  isBar: boolean
}): ReactElement {
  if (isBar) {
    return (
      <div className="bars panel-body" style={{ display: 'grid', alignContent: 'center' }}>
        {gauges.map((gauge, i) => (
          <Bar key={`${gauge.name}:${i}`} gauge={gauge} />
        ))}
      </div>
    )
  }
  return (
    <div className="gauges">
      {gauges.map((gauge, i) => (
        <Arc key={`${gauge.name}:${i}`} gauge={gauge} hasName={gauges.length > 1} />
      ))}
    </div>
  )
}

function Bar({ gauge }: { gauge: GaugeView }): ReactElement {
  const share = Number.isNaN(gauge.ratio) ? 0 : gauge.ratio
  return (
    <>
      <span className="sub name ellipsis" title={gauge.name}>
        {gauge.name}
      </span>
      <div className="bar">
        <i style={{ width: `${share * 100}%`, background: fillColor(gauge.colour) }} />
      </div>
      <span className="num" style={{ textAlign: 'right' }}>
        {gauge.text}
      </span>
    </>
  )
}

function Arc({ gauge, hasName }: { gauge: GaugeView; hasName: boolean }): ReactElement {
  const { text, ratio, steps, colour, name } = gauge
  return (
    <figure className="gauge" aria-label={`${name}: ${text}`}>
      <svg viewBox="0 0 200 158" role="img" aria-hidden="true">
        <path d={gaugeArc(0, 1, ARC_RADIUS)} stroke="var(--bg3)" strokeWidth="16" fill="none" />
        {!Number.isNaN(ratio) && (
          <path
            d={gaugeArc(0, ratio, ARC_RADIUS)}
            stroke={fillColor(colour)}
            strokeWidth="16"
            fill="none"
          />
        )}
        {steps.map((step, i) => (
          <path
            key={i}
            d={gaugeArc(step.from, step.to, RING_RADIUS)}
            stroke={fillColor(step.colour)}
            strokeWidth="3"
            fill="none"
          />
        ))}
        <text
          x="100"
          y="114"
          textAnchor="middle"
          fill={textColor(colour)}
          style={{ fontSize: text.length > 7 ? 24 : 34 }}
        >
          {text}
        </text>
      </svg>
      {hasName && (
        <figcaption className="sub ellipsis" style={{ maxWidth: '100%' }}>
          {name}
        </figcaption>
      )}
    </figure>
  )
}
