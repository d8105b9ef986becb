import { type Counterpart, ours } from './counterpart.ts'

const BASE = 'django/db/backends/base/base.py'
const HEALTH_TESTS = 'tests/backends/base/test_base.py ConnectionHealthChecksTests'

/** Of Django 5.2: whether a connection still works. */
export const DJANGO_HEALTH: Counterpart[] = [
  {
    behaviour: 'A new connection counts as healthy, without a check.',
    sources: [
      `${BASE} BaseDatabaseWrapper.connect`,
      `${HEALTH_TESTS}.test_health_checks_enabled`,
      'tests/backends/postgresql/tests.py Tests.test_connect_no_is_usable_checks',
    ],
    ours: ours('unit/pools/health.test.ts', 'H1: a new pool is not probed'),
  },
  {
    behaviour: 'A connection kept from an earlier request is checked once, before the first query of a request.',
    sources: [
      `${BASE} BaseDatabaseWrapper.close_if_health_check_failed, called by _cursor`,
      `${HEALTH_TESTS}.test_health_checks_enabled`,
    ],
    ours: ours(
      'unit/pools/health.test.ts',
      'H2: a reused pool is probed once in a unit of work, before its first statement',
      'H2: a pool verified by use or probe within the interval is not probed; with interval 0, every unit probes',
      'H3: concurrent first statements share one probe',
    ),
    differs:
      'A pool is shared, so a busy one would be probed at every turn: one verified within `probeInterval` (1 s) is not probed again. `probeInterval: 0` checks as often as Django.',
  },
  {
    behaviour: 'A request that does not touch the database checks nothing.',
    sources: [`${BASE} BaseDatabaseWrapper._cursor`, 'docs/ref/databases.txt, Persistent connections'],
    ours: ours('unit/pools/health.test.ts', 'H2: a unit of work that touches no database probes nothing'),
  },
  {
    behaviour: 'A transaction checks before `BEGIN`, and not inside.',
    sources: [
      `${BASE} BaseDatabaseWrapper.set_autocommit`,
      `${HEALTH_TESTS}.test_set_autocommit_health_checks_enabled`,
    ],
    ours: ours(
      'unit/pools/health.test.ts',
      'H2: the probe comes before BEGIN, and no statement inside a transaction is probed',
    ),
  },
  {
    behaviour: 'A connection that fails its check is closed, and the query runs on a new one.',
    sources: [
      `${BASE} BaseDatabaseWrapper.close_if_health_check_failed, ensure_connection`,
      `${HEALTH_TESTS}.test_health_checks_enabled`,
    ],
    ours: [
      ...ours(
        'unit/pools/health.test.ts',
        'H4: a failed probe retires the pool, and the statement runs once, on a fresh one',
      ),
      ...ours(
        'postgres/faults.test.ts',
        'H4: with health checks, a statement after every backend was ended sees no error and runs exactly once',
      ),
    ],
  },
  {
    behaviour: 'The check itself does not raise when the connection is gone.',
    sources: ['tests/backends/tests.py BackendTestCase.test_is_usable_after_database_disconnects'],
    ours: ours(
      'unit/pools/health.test.ts',
      'H4: a probe that hangs has failed after probeTimeout, and does not hang the close of its pool',
      'H4: what is in flight on a pool that fails its probe still finishes',
    ),
    differs: 'A probe that hangs fails after `probeTimeout`. Django’s check waits for as long as the driver does.',
  },
  {
    behaviour: 'With health checks off, a connection is reused without a check.',
    sources: [`${HEALTH_TESTS}.test_health_checks_disabled`],
    ours: ours(
      'unit/pools/health.test.ts',
      'H7: an error of the connection makes the pool suspect: its next use probes first, with health checks off',
    ),
    differs: 'After an error of the connection the next use probes all the same.',
  },
  {
    behaviour: 'Any error but those of data and integrity sets `errors_occurred`.',
    sources: ['django/db/utils.py DatabaseErrorWrapper.__exit__'],
    ours: [
      ...ours('unit/pools/health.test.ts', 'H7: an error of the statement does not'),
      ...ours('unit/driver/connection-errors.test.ts', 'H7: isConnectionError'),
    ],
    differs:
      'Only errors of the connection make a pool suspect: a syntax error or a missing table says nothing about it.',
  },
  {
    behaviour:
      'After such an error the connection is checked when the request ends, kept if it works, and else closed.',
    sources: [
      `${BASE} BaseDatabaseWrapper.close_if_unusable_or_obsolete`,
      `${HEALTH_TESTS}.test_health_checks_enabled_errors_occurred`,
    ],
    ours: [
      ...ours(
        'unit/pools/health.test.ts',
        'H7: an error of the connection makes the pool suspect: its next use probes first, with health checks off',
        'H7: an error of the connection inside a transaction counts as well',
      ),
      ...ours('unit/pools/closing.test.ts', 'closeObsolete() probes a suspect pool, and closes it if it proves unfit'),
    ],
    differs: 'The next use probes, in the same unit of work too, and not the end of a request.',
  },
  {
    behaviour: 'A commit or rollback that succeeds clears `errors_occurred`.',
    sources: [`${BASE} BaseDatabaseWrapper.commit, rollback`],
    ours: ours(
      'unit/pools/health.test.ts',
      'H7: the success of a statement that was under way already does not clear the suspicion',
    ),
    differs:
      'A pool has several connections, and work on one says nothing about the others: only a probe clears the suspicion.',
  },
  {
    behaviour: 'An error is looked into before the age: a connection past its max-age may be checked and then closed.',
    sources: [`${BASE} BaseDatabaseWrapper.close_if_unusable_or_obsolete`],
    ours: [
      ...ours('unit/pools/health.test.ts', 'H8: an obsolete pool is replaced without being probed'),
      ...ours('unit/pools/closing.test.ts', 'A9: closeObsolete() does not probe a suspect pool that it closes'),
    ],
    differs: 'The age comes first: what is closed anyway is not probed.',
  },
  {
    behaviour: 'A connect that fails leaves nothing behind; the next query connects anew.',
    sources: [`${BASE} BaseDatabaseWrapper.ensure_connection, connect`],
    ours: [
      ...ours('unit/pools/opening.test.ts', 'B2: a connect that fails is not cached, and fails all who waited for it'),
      ...ours(
        'postgres/faults.test.ts',
        "H5, B2: while it is down the caller gets the database's error, and afterwards everything works, with no restart",
      ),
    ],
  },
  {
    behaviour: 'A transaction that lost its connection fails, and does not go on elsewhere.',
    sources: [
      `${BASE} BaseDatabaseWrapper.ensure_connection, close`,
      'tests/transactions/tests.py AtomicErrorsTests.test_atomic_prevents_queries_in_broken_transaction_after_client_close',
    ],
    ours: [
      ...ours(
        'postgres/faults.test.ts',
        'H6: a transaction whose connection is cut fails, writes nothing, and leaves no work in flight',
        'H6, H7: a connection cut under a statement fails that statement, which is not repeated; the next one works',
      ),
      ...ours(
        'unit/pools/closing.test.ts',
        'D1: a transaction that was cut says so at whatever comes next, and is left once',
      ),
    ],
  },
]
