import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeDashboard } from './write.ts'

test('known keys first, panels last, the rest by name; what churns is left out', () => {
  const raw = {
    version: 7,
    panels: [{ targets: [], id: 3, zebra: 1, apple: 2, title: 'P' }],
    title: 'T',
    id: 9,
    custom: null,
    uid: 'u',
  }
  expect(writeDashboard(raw)).toBe(`{
  "uid": "u",
  "title": "T",
  "custom": null,
  "panels": [
    {
      "title": "P",
      "id": 3,
      "targets": [],
      "apple": 2,
      "zebra": 1
    }
  ]
}
`)
})

test('nothing is lost, and writing again changes nothing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (raw) => {
      const { id: _id, version: _version, iteration: _iteration, ...rest } = raw
      const text = writeDashboard(raw)
      const again = JSON.parse(text) as Record<string, unknown>
      expect(again).toEqual(JSON.parse(JSON.stringify(rest)))
      expect(writeDashboard(again)).toBe(text)
    }),
  )
})
