import { defineConfig } from 'vitest/config'

/** Starts everything there is and holds it to the seconds it promises: runs when nothing else does. */
const WHOLE = 'packages/vigie/test/demo.test.ts'

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: [
            'tidy.test.ts',
            'packages/*/{src,test}/**/*.test.ts',
            'examples/*/{src,test}/**/*.test.ts',
          ],
          exclude: [WHOLE, '**/node_modules/**'],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'whole', include: [WHOLE], sequence: { groupOrder: 1 } } },
    ],
  },
})
