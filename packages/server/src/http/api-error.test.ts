import { CorruptBlockError, CorruptChunkError, DiskError } from '@vigie/tsdb'
import { expect, test } from 'vitest'
import { ApiError, asApiError } from './api-error.ts'

test.each([
  [new CorruptBlockError('data/X/chunks/000001', 'chunk at 8: checksum mismatch'), /chunk at 8/],
  [new CorruptChunkError('data/head_chunks/000000', 0, 'checksum mismatch'), /page at 0/],
  [new DiskError('read', 'data/X/index', new Error('EIO')), /cannot read data\/X\/index/],
])('%s is an error of the query, which names the place', (error, message) => {
  const answer = asApiError(error)
  expect(answer).toBeInstanceOf(ApiError)
  expect(answer).toMatchObject({
    type: 'execution',
    status: 422,
    message: expect.stringMatching(message),
  })
})
