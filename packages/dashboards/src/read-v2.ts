/**
 * Grafana 13's resource form (`apiVersion: dashboard.grafana.app/v2…`): elements by name and a tree of
 * layouts. It is told in the classic form, which is then read as any other; tabs become rows.
 */
import { type Json, flagOf, isObject, numberOf, objectOf, objectsOf, textOf } from './json.ts'

export const isV2 = (json: Json): boolean =>
  isObject(json.spec) && isObject(json.spec.elements) && isObject(json.spec.layout)

export function toClassic(resource: Json): Json {
  const spec = objectOf(resource.spec)
  const time = objectOf(spec.timeSettings)
  const layout = new ClassicLayout(objectOf(spec.elements))
  layout.add(objectOf(spec.layout))
  return {
    uid: textOf(objectOf(resource.metadata).name),
    title: spec.title,
    description: spec.description,
    tags: spec.tags,
    time: { from: time.from, to: time.to },
    refresh: time.autoRefresh,
    timezone: time.timezone,
    graphTooltip: spec.cursorSync === 'Off' ? 0 : 1,
    links: spec.links,
    templating: { list: objectsOf(spec.variables).map(classicVariable) },
    panels: layout.panels,
  }
}

const COLUMNS_DEFAULT = 3
const AUTO_HEIGHT = 8
/** Layouts nest tabs in rows in tabs; no dashboard goes deeper than a few. */
const DEPTH_MAX = 12

class ClassicLayout {
  readonly panels: Json[] = []
  readonly #elements: Json
  #y = 0
  #rowId = 1_000_000

  constructor(elements: Json) {
    this.#elements = elements
  }

  add(layout: Json, depth = 0): void {
    if (depth > DEPTH_MAX) return
    const spec = objectOf(layout.spec)
    switch (layout.kind) {
      case 'GridLayout':
        return this.#grid(objectsOf(spec.items).map((item) => objectOf(item.spec)))
      case 'AutoGridLayout':
        return this.#autoGrid(spec)
      case 'RowsLayout':
        return this.#titled(objectsOf(spec.rows), depth)
      case 'TabsLayout':
        return this.#titled(objectsOf(spec.tabs), depth)
      default:
    }
  }

  #titled(parts: readonly Json[], depth: number): void {
    for (const part of parts) {
      const spec = objectOf(part.spec)
      this.panels.push({
        id: this.#rowId++,
        type: 'row',
        title: spec.title,
        // What a collapsed row hides would have to be inside it: it is shown open instead.
        collapsed: false,
        repeat: objectOf(spec.repeat).value,
        gridPos: { x: 0, y: this.#y++, w: 24, h: 1 },
        panels: [],
      })
      this.add(objectOf(spec.layout), depth + 1)
    }
  }

  #grid(items: readonly Json[]): void {
    const top = this.#y
    for (const item of items) {
      const gridPos = {
        x: numberOf(item.x) ?? 0,
        y: top + (numberOf(item.y) ?? 0),
        w: numberOf(item.width) ?? 12,
        h: numberOf(item.height) ?? AUTO_HEIGHT,
      }
      this.#place(item, gridPos)
      this.#y = Math.max(this.#y, gridPos.y + gridPos.h)
    }
  }

  #autoGrid(spec: Json): void {
    const columns = Math.min(24, Math.max(1, numberOf(spec.maxColumnCount) ?? COLUMNS_DEFAULT))
    const w = Math.floor(24 / columns)
    const items = objectsOf(spec.items).map((item) => objectOf(item.spec))
    items.forEach((item, i) => {
      const y = this.#y + Math.floor(i / columns) * AUTO_HEIGHT
      this.#place(item, { x: (i % columns) * w, y, w, h: AUTO_HEIGHT })
    })
    this.#y += Math.ceil(items.length / columns) * AUTO_HEIGHT
  }

  #place(item: Json, gridPos: Json): void {
    const element = objectOf(this.#elements[textOf(objectOf(item.element).name)])
    const repeat = objectOf(item.repeat)
    this.panels.push({
      ...classicPanel(objectOf(element.spec)),
      gridPos,
      repeat: repeat.value,
      repeatDirection: repeat.direction,
      maxPerRow: repeat.maxPerRow,
    })
  }
}

function classicPanel(spec: Json): Json {
  const data = objectOf(objectOf(spec.data).spec)
  const options = objectOf(data.queryOptions)
  const viz = objectOf(spec.vizConfig)
  const vizSpec = objectOf(viz.spec)
  return {
    id: spec.id,
    type: textOf(viz.group) || textOf(viz.kind),
    title: spec.title,
    description: spec.description,
    links: spec.links,
    transparent: spec.transparent,
    targets: objectsOf(data.queries).map((query) => classicTarget(objectOf(query.spec))),
    transformations: objectsOf(data.transformations).map(classicTransformation),
    interval: options.interval,
    maxDataPoints: options.maxDataPoints,
    timeFrom: options.timeFrom,
    timeShift: options.timeShift,
    options: vizSpec.options,
    fieldConfig: vizSpec.fieldConfig,
  }
}

function classicTarget(query: Json): Json {
  const inner = objectOf(query.query)
  const name = textOf(objectOf(inner.datasource).name)
  return {
    ...objectOf(inner.spec),
    refId: query.refId,
    hide: query.hidden,
    datasource: { type: textOf(inner.group) || undefined, uid: name || undefined },
  }
}

const classicTransformation = (one: Json): Json => ({
  id: textOf(one.group) || textOf(one.kind),
  options: objectOf(one.spec).options,
  disabled: objectOf(one.spec).disabled,
})

const VARIABLE_TYPES: ReadonlyMap<unknown, string> = new Map([
  ['QueryVariable', 'query'],
  ['CustomVariable', 'custom'],
  ['IntervalVariable', 'interval'],
  ['DatasourceVariable', 'datasource'],
  ['TextVariable', 'textbox'],
  ['ConstantVariable', 'constant'],
  ['AdhocVariable', 'adhoc'],
])
const SORTS: readonly unknown[] = [
  'disabled',
  'alphabeticalAsc',
  'alphabeticalDesc',
  'numericalAsc',
  'numericalDesc',
  'alphabeticalCaseInsensitiveAsc',
  'alphabeticalCaseInsensitiveDesc',
  'naturalAsc',
  'naturalDesc',
]
const HIDES: readonly unknown[] = ['dontHide', 'hideLabel', 'hideVariable']

function classicVariable(variable: Json): Json {
  const spec = objectOf(variable.spec)
  const query = isObject(spec.query) ? objectOf(spec.query.spec) : spec.query
  return {
    ...spec,
    type: VARIABLE_TYPES.get(variable.kind),
    query: variable.kind === 'DatasourceVariable' ? spec.pluginId : query,
    refresh: spec.refresh === 'onTimeRangeChanged' ? 2 : 1,
    sort: Math.max(0, SORTS.indexOf(spec.sort)),
    hide: Math.max(0, HIDES.indexOf(spec.hide)),
    multi: flagOf(spec.multi),
  }
}
