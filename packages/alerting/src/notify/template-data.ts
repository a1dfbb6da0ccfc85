/** What receivers' templates see: Alertmanager's Data, its KV maps and alert lists with their methods. */
import { type Labels, compareNames } from '@vigie/model'
import { type Alert, isResolvedAt } from '../alert.ts'
import { GoTime, ZERO_TIME_MS } from '../template/go-time.ts'
import {
  type GoFunction,
  GoObject,
  GoStruct,
  StringMap,
  type Value,
  goFunction,
} from '../template/value.ts'
import { fingerprint } from './fingerprint.ts'
import type { Reason } from './dedup.ts'

/** One notification before it takes a receiver's form. */
export interface Message {
  receiver: string
  status: 'firing' | 'resolved'
  /** When it is put together; what ended by then is resolved. */
  timeMs: number
  alerts: readonly Alert[]
  groupKey: string
  groupLabels: Labels
  routeLabels: ReadonlyMap<string, string>
  externalUrl: string
  reason: Reason
}

/** Names and values in order, `alertname` first. */
class Pairs extends Array<Value> {
  readonly goType = 'template.Pairs'
  goMethod(name: string): GoFunction | undefined {
    if (name === 'Names')
      return goFunction([], () => Array.from(this, (pair) => (pair as Pair).pairName))
    if (name === 'Values')
      return goFunction([], () => Array.from(this, (pair) => (pair as Pair).pairValue))
    if (name === 'String')
      return goFunction([], () => Array.from(this, (pair) => (pair as Pair).toString()).join(', '))
    return undefined
  }
}

class Pair extends GoObject {
  readonly goType = 'template.Pair'
  readonly pairName: string
  readonly pairValue: string
  constructor(name: string, value: string) {
    super()
    this.pairName = name
    this.pairValue = value
  }
  override goField(name: string): Value | undefined {
    return name === 'Name' ? this.pairName : name === 'Value' ? this.pairValue : undefined
  }
  override toString(): string {
    return `${this.pairName}=${this.pairValue}`
  }
}

/** A map of texts with SortedPairs, Remove, Names and Values. */
export class Kv extends StringMap {
  readonly goType = 'template.KV'

  sortedPairs(): Pairs {
    const names = [...this.keys()].filter((name) => name !== 'alertname').sort(compareNames)
    if (this.has('alertname')) names.unshift('alertname')
    return Object.assign(
      new Pairs(),
      names.map((name) => new Pair(name, this.get(name)!)),
    )
  }

  goMethod(name: string): GoFunction | undefined {
    if (name === 'SortedPairs') return goFunction([], () => this.sortedPairs())
    if (name === 'String') return goFunction([], () => this.sortedPairs().join(', '))
    if (name === 'Names')
      return goFunction([], () => Array.from(this.sortedPairs(), (pair) => (pair as Pair).pairName))
    if (name === 'Values')
      return goFunction([], () =>
        Array.from(this.sortedPairs(), (pair) => (pair as Pair).pairValue),
      )
    if (name === 'Remove')
      return goFunction(['any'], (names: readonly Value[]) => {
        const removed = new Set(names)
        return new Kv([...this].filter(([one]) => !removed.has(one)))
      })
    return undefined
  }
}

class AlertList extends Array<Value> {
  readonly goType = 'template.Alerts'
  goMethod(name: string): GoFunction | undefined {
    const status = name === 'Firing' ? 'firing' : name === 'Resolved' ? 'resolved' : undefined
    if (status === undefined) return undefined
    return goFunction([], () =>
      AlertList.from(this.filter((one) => (one as GoStruct).goField('Status') === status)),
    )
  }
}

export function messageData(message: Message): Value {
  const alerts = message.alerts.map((alert) => alertData(alert, message.timeMs))
  return new GoStruct('*template.Data', {
    Receiver: message.receiver,
    Status: message.status,
    Alerts: AlertList.from(alerts),
    GroupLabels: new Kv(message.groupLabels),
    CommonLabels: new Kv(commonOf(message.alerts.map((alert) => alert.labels))),
    CommonAnnotations: new Kv(commonOf(message.alerts.map((alert) => alert.annotations))),
    RouteLabels: new Kv(message.routeLabels),
    ExternalURL: message.externalUrl,
    NotificationReason: message.reason,
  })
}

function alertData(alert: Alert, timeMs: number): Value {
  const isOver = isResolvedAt(alert, timeMs)
  return new GoStruct('template.Alert', {
    Status: isOver ? 'resolved' : 'firing',
    Labels: new Kv(alert.labels),
    Annotations: new Kv(alert.annotations),
    StartsAt: new GoTime(alert.startsAtMs),
    EndsAt: new GoTime(isOver ? alert.endsAtMs : ZERO_TIME_MS),
    GeneratorURL: alert.generatorUrl,
    Fingerprint: fingerprint(alert.labels),
  })
}

/** What all of them have, with the same value. */
export function commonOf(
  maps: readonly Iterable<readonly [string, string]>[],
): Map<string, string> {
  const [first, ...others] = maps.map((map) => new Map(map))
  if (first === undefined) return new Map()
  return new Map(
    [...first].filter(([name, value]) => others.every((map) => map.get(name) === value)),
  )
}
