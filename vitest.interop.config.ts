import { defineConfig } from 'vitest/config'

// Against the real servers: see `.ci/run` for what has to be installed.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['packages/*/test/**/*.interop.ts', 'examples/*/test/**/*.interop.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
