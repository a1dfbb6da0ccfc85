import { expect, test } from 'vitest'
import { readDashboard } from './index.ts'

const element = (id: number, title: string): object => ({
  kind: 'Panel',
  spec: {
    id,
    title,
    data: {
      spec: {
        queries: [
          {
            kind: 'PanelQuery',
            spec: {
              refId: 'A',
              hidden: false,
              query: { group: 'prometheus', spec: { expr: 'up' } },
            },
          },
        ],
        transformations: [{ kind: 'Transformation', group: 'merge', spec: { options: {} } }],
        queryOptions: { interval: '1m' },
      },
    },
    vizConfig: { group: 'stat', spec: { options: { graphMode: 'none' }, fieldConfig: {} } },
  },
})
const reference = (name: string): object => ({ kind: 'ElementReference', name })
const item = (name: string, y: number): object => ({
  kind: 'GridLayoutItem',
  spec: { x: 0, y, width: 12, height: 5, element: reference(name) },
})
const tab = (title: string, layout: object): object => ({ spec: { title, layout } })

test('the resource form of Grafana 13: tabs are rows, grids keep their places', () => {
  const json = {
    apiVersion: 'dashboard.grafana.app/v2',
    kind: 'Dashboard',
    metadata: { name: 'u' },
    spec: {
      title: 'T',
      cursorSync: 'Crosshair',
      timeSettings: { from: 'now-15m', to: 'now', autoRefresh: '1m' },
      variables: [
        {
          kind: 'QueryVariable',
          spec: {
            name: 'job',
            sort: 'naturalAsc',
            hide: 'hideVariable',
            multi: true,
            refresh: 'onTimeRangeChanged',
            query: { spec: { query: 'label_values(job)' } },
          },
        },
      ],
      elements: { a: element(1, 'A'), b: element(2, 'B'), c: element(3, 'C') },
      layout: {
        kind: 'TabsLayout',
        spec: {
          tabs: [
            tab('One', { kind: 'GridLayout', spec: { items: [item('a', 0), item('b', 5)] } }),
            tab('Two', {
              kind: 'AutoGridLayout',
              spec: { maxColumnCount: 2, items: [{ spec: { element: reference('c') } }] },
            }),
          ],
        },
      },
    },
  }
  const dashboard = readDashboard(json)
  expect(dashboard).toMatchObject({ uid: 'u', title: 'T', refresh: '1m', isCrosshairShared: true })
  expect(dashboard.raw).toBe(json)
  expect(dashboard.variables).toMatchObject([
    {
      name: 'job',
      query: 'label_values(job)',
      sort: 7,
      hide: 2,
      isMulti: true,
      isRefreshedByTime: true,
    },
  ])
  expect(
    dashboard.panels.map((one) => [one.kind, one.title, Object.values(one.grid).join()]),
  ).toEqual([
    ['row', 'One', '0,0,24,1'],
    ['stat', 'A', '0,1,12,5'],
    ['stat', 'B', '0,6,12,5'],
    ['row', 'Two', '0,11,24,1'],
    ['stat', 'C', '0,12,12,8'],
  ])
  expect(dashboard.panels[1]).toMatchObject({
    interval: '1m',
    graphMode: 'none',
    targets: [{ expr: 'up', isPrometheus: true }],
    transformations: [{ id: 'merge' }],
  })
})
