import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { PATIENCE } from './test/kit/patience.ts'

/**
 * These only end what hangs: no test may depend on how fast the machine is. What a test waits for by itself has less time
 * (test/kit/patience.ts), so that it says what did not come.
 */
const patient = {
  testTimeout: 15 * 60_000,
  hookTimeout: 15 * 60_000,
  expect: { poll: { timeout: PATIENCE } },
}

export default defineConfig({
  test: {
    reporters: ['default', './test/kit/table-reporter.ts'],
    // Most files wait for a server or a child process: two at a time even on two cores.
    teardownTimeout: PATIENCE,
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // When the server stops while MariaDB's connector makes a connection, it drops the error where nobody can catch it.
    onUnhandledError: (error) => !(error.name === 'SqlError' && 'errno' in error && error.errno === 45009),
    // Those whose name begins with `heavy-` are no part of `npm test`: each has a command of its own.
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...patient } },
      { test: { name: 'model', include: ['test/model/**/*.test.ts'], ...patient, testTimeout: 3_600_000 } },
      { test: { name: 'heavy-leaks', include: ['test/leaks/**/*.test.ts'], ...patient, testTimeout: 3_600_000 } },
      {
        test: {
          name: 'postgres',
          include: ['test/postgres/**/*.test.ts'],
          // One embedded server for all files of the project; its URL is provided to them.
          globalSetup: ['test/postgres/global-setup.ts'],
          ...patient,
        },
      },
      {
        test: {
          name: 'matrix',
          include: ['test/matrix/**/*.test.ts'],
          globalSetup: ['test/postgres/global-setup.ts'],
          ...patient,
        },
      },
      {
        test: {
          name: 'heavy-faults',
          include: ['test/faults/**/*.test.ts'],
          // A server for each file, which the others do not get to feel; and one file at a time, since they measure time.
          fileParallelism: false,
          ...patient,
        },
      },
      {
        test: {
          name: 'frameworks',
          include: ['test/frameworks/**/*.test.ts'],
          exclude: ['test/frameworks/examples.test.ts'],
          globalSetup: ['test/postgres/global-setup.ts'],
          ...patient,
        },
      },
      {
        test: {
          name: 'heavy-examples',
          include: ['test/frameworks/examples.test.ts'],
          globalSetup: ['test/postgres/global-setup.ts'],
          ...patient,
        },
      },
      { test: { name: 'conformance', include: ['test/conformance/**/*.test.ts'], ...patient } },
      { test: { name: 'sqlite', include: ['test/sqlite/**/*.test.ts'], ...patient } },
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
            spawnTimeout: patient.testTimeout,
          },
        },
      },
      { test: { name: 'package', include: ['test/package/**/*.test.ts'], ...patient } },
      {
        test: {
          name: 'docs',
          include: ['test/docs/**/*.test.ts'],
          globalSetup: ['test/postgres/global-setup.ts'],
          ...patient,
        },
      },
    ],
  },
})
