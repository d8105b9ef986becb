import { type Counterpart, ours } from './counterpart.ts'

/** Of the KernelCI dashboard: pull request 1861. */
export const KERNELCI: Counterpart[] = [
  {
    behaviour:
      '`DB_CONN_MAX_AGE` (seconds, 0 if unset) and `DB_CONN_HEALTH_CHECKS` (off if unset) set the two settings of Django.',
    sources: ['backend/kernelCI/settings.py DATABASES', '.env.example', 'backend/README.md'],
    ours: [
      ...ours(
        'unit/settings/settings.test.ts',
        'are those of the design',
        'gives durations in seconds, decimals allowed',
        'takes %s for true',
        'refuses %j as a boolean',
      ),
      ...ours(
        'sqlite/clients.test.ts',
        'DATABASE_BRANCH_URL is a template, and every setting comes from the environment',
      ),
    ],
    differs:
      'Unlimited can be said: `DB_CONN_MAX_AGE=none`, where a whole number is all that the dashboard reads. A value that is neither true nor false is refused, and not taken for false.',
  },
]
