import { defineConfig } from 'vitest/config'

/** Tests that talk to a server, run child processes or compile: generous on slow machines. */
const slow = { testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'postgres',
          include: ['test/postgres/**/*.test.ts'],
          // One embedded server for all files of the project; its URL is provided to them.
          globalSetup: ['test/postgres/global-setup.ts'],
          ...slow,
        },
      },
      { test: { name: 'sqlite', include: ['test/sqlite/**/*.test.ts'], ...slow } },
      {
        test: {
          name: 'types',
          // Nothing is run: each assertion that `tsc` reports is a failed test.
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
            spawnTimeout: 60_000,
          },
        },
      },
      { test: { name: 'package', include: ['test/package/**/*.test.ts'], ...slow } },
      { test: { name: 'readme', include: ['test/readme/**/*.test.ts'], ...slow } },
    ],
  },
})
