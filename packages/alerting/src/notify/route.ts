/** Which routes an alert takes, and the tree with everything inherited. */
import {
  type Labels,
  type MatchType,
  type Matcher,
  compareNames,
  matchesAll,
  quote,
} from '@vigie/model'
import type { Route } from './routing-config.ts'

/** What a route says itself; undefined is inherited. */
export interface RouteSettings {
  receiver: string | undefined
  matchers: readonly Matcher[]
  isContinued: boolean
  /** `['...']` is all labels. */
  groupBy: readonly string[] | undefined
  groupWaitMs: number | undefined
  groupIntervalMs: number | undefined
  repeatIntervalMs: number | undefined
  labels: ReadonlyMap<string, string>
  routes: readonly RouteSettings[]
}

const ROOT: Omit<Route, 'routes' | 'key' | 'id' | 'matchers' | 'isContinued'> = {
  receiver: '',
  groupBy: [],
  isGroupedByAll: false,
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 4 * 3_600_000,
  labels: new Map(),
}

const MATCH_TYPES: readonly MatchType[] = ['=', '!=', '=~', '!~']

export function buildRoute(settings: RouteSettings): Route {
  return build(settings, undefined, undefined)
}

function build(
  settings: RouteSettings,
  parent: Route | undefined,
  index: number | undefined,
): Route {
  const from = parent ?? ROOT
  const matchers = [...settings.matchers].sort(
    (a, b) =>
      compareNames(a.name, b.name) ||
      compareNames(a.value, b.value) ||
      MATCH_TYPES.indexOf(a.type) - MATCH_TYPES.indexOf(b.type),
  )
  const text = `{${matchers.map(matcherText).join(',')}}`
  const isAll = settings.groupBy?.includes('...')
  const route: Route = {
    receiver: settings.receiver ?? from.receiver,
    matchers,
    isContinued: settings.isContinued,
    groupBy:
      settings.groupBy === undefined
        ? from.groupBy
        : settings.groupBy.filter((one) => one !== '...'),
    isGroupedByAll: isAll ?? from.isGroupedByAll,
    groupWaitMs: settings.groupWaitMs ?? from.groupWaitMs,
    groupIntervalMs: settings.groupIntervalMs ?? from.groupIntervalMs,
    repeatIntervalMs: settings.repeatIntervalMs ?? from.repeatIntervalMs,
    labels: new Map([...from.labels, ...settings.labels]),
    key: parent === undefined ? text : `${parent.key}/${text}`,
    id: parent === undefined ? text : `${parent.id}/${text}/${index}`,
    routes: [],
  }
  route.routes = settings.routes.map((one, i) => build(one, route, i))
  return route
}

/** Depth first; the first matching child ends the search among its siblings unless it continues. */
export function matchRoutes(route: Route, labels: Labels): Route[] {
  if (!matchesAll(route.matchers, labels)) return []
  const found: Route[] = []
  for (const child of route.routes) {
    const matches = matchRoutes(child, labels)
    found.push(...matches)
    if (matches.length > 0 && !child.isContinued) break
  }
  return found.length > 0 ? found : [route]
}

/** The labels that make the group. */
export const groupLabelsOf = (route: Route, labels: Labels): Labels =>
  route.isGroupedByAll ? labels : labels.keep(new Set(route.groupBy))

/** As in a webhook's groupKey. */
export const groupKeyOf = (route: Route, groupLabels: Labels): string =>
  `${route.key}:{${[...groupLabels].map(([name, value]) => `${name}=${quote(value)}`).join(', ')}}`

/** Here, unlike in PromQL, a name is quoted only when it could not be read otherwise. */
const matcherText = ({ type, name, value }: Matcher): string =>
  (/[\s{}!=~,\\"'`]/.test(name) ? quote(name) : name) + type + quote(value)

/** All routes, parents first. */
export function* walkRoutes(route: Route): Iterable<Route> {
  yield route
  for (const child of route.routes) yield* walkRoutes(child)
}
