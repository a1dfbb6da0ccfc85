import { describe, expect, test } from 'vitest'
import { Rate, type ShardNeeds, desiredShards } from './rates.ts'

test('a rate begins with its first interval and follows by a fifth', () => {
  const rate = new Rate()
  rate.tick(10)
  expect(rate.perSecond).toBe(0)
  rate.add(1000)
  rate.tick(10)
  expect(rate.perSecond).toBe(100)
  rate.add(2000)
  rate.tick(10)
  expect(rate.perSecond).toBe(120)
})

describe('shards', () => {
  const needs: ShardNeeds = {
    shards: 10,
    minShards: 1,
    maxShards: 50,
    inRate: 1000,
    outRate: 1000,
    droppedRate: 0,
    busyRate: 10,
    delaySeconds: 0,
  }
  test.each<[what: string, needs: Partial<ShardNeeds>, shards: number]>([
    ['as many as are busy', {}, 10],
    ['nothing sent: nothing is known', { outRate: 0 }, 10],
    ['a third more is no reason', { inRate: 1300 }, 10],
    ['twice the samples', { inRate: 2000 }, 20],
    ['half of them are dropped', { inRate: 2000, droppedRate: 1000 }, 10],
    ['a minute behind is caught up with', { delaySeconds: 60 }, 40],
    ['never more than allowed', { delaySeconds: 600 }, 50],
    ['a tenth of the time', { busyRate: 1 }, 1],
    ['never less than allowed', { busyRate: 1, minShards: 4 }, 4],
    ['not fewer while behind', { busyRate: 1, delaySeconds: 11 }, 10],
  ])('%s', (_, over, shards) => {
    expect(desiredShards({ ...needs, ...over }).shards).toBe(shards)
  })
})
