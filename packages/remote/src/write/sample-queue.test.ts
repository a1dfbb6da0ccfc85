import { Labels } from '@vigie/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FLOAT, SampleQueue } from './sample-queue.ts'

test('what goes in comes out in its order, however it grows', () => {
  const steps = fc.array(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 200 })), { maxLength: 20 })
  fc.assert(
    fc.property(steps, (list) => {
      const queue = new SampleQueue()
      const want: number[] = []
      let next = 0
      for (const [pushes, drops] of list) {
        for (let i = 0; i < pushes; i++) {
          queue.push(next % 7, FLOAT, Labels.EMPTY, next, -next, undefined, next * 2)
          want.push(next++)
        }
        const count = Math.min(drops, queue.size)
        queue.drop(count)
        want.splice(0, count)
        const got = Array.from({ length: queue.size }, (_, i) => [
          queue.ref(i),
          queue.t(i),
          queue.v(i),
          queue.seq(i),
        ])
        expect(got).toEqual(want.map((t) => [t % 7, t, -t, t * 2]))
      }
    }),
  )
})
