import { type Counterpart, ours } from './counterpart.ts'

const BASE = 'django/db/backends/base/base.py'

/** Of Django 5.2: how long a connection lives. */
export const DJANGO_AGE: Counterpart[] = [
  {
    behaviour: '`CONN_MAX_AGE` is 0 and `CONN_HEALTH_CHECKS` is off unless set.',
    sources: ['django/db/utils.py ConnectionHandler.configure_settings'],
    ours: ours('unit/settings/settings.test.ts', 'are those of the design'),
  },
  {
    behaviour: 'At max-age 0 a connection serves one request and is closed at its end.',
    sources: [
      'django/db/__init__.py close_old_connections, on request_started and request_finished',
      'tests/handlers/tests.py SignalsTests.test_request_signals, test_request_signals_streaming_response',
    ],
    ours: [
      ...ours(
        'unit/pools/age.test.ts',
        'A9: one pool serves all of a unit of work, however much time passes in it, and closes at its end',
        'A9: the pool closes when the last of the units that use it ends',
      ),
      ...ours('sqlite/lifecycle.test.ts', 'A9: at max-age 0 nothing is open after a unit of work'),
    ],
    differs:
      'A connection of Django’s belongs to one thread. A pool is shared by all units of work on its branch, so it closes with the last of them.',
  },
  {
    behaviour: '`None` means unlimited.',
    sources: [`${BASE} BaseDatabaseWrapper.connect`],
    ours: [
      ...ours('unit/pools/age.test.ts', 'never closes by age when it is Infinity'),
      ...ours('unit/settings/settings.test.ts', 'says none where there may be no limit'),
    ],
    differs: 'Unlimited can be said in the environment as well: `DB_CONN_MAX_AGE=none`.',
  },
  {
    behaviour: 'Age counts from the moment when connecting starts, and use does not set it back.',
    sources: [`${BASE} BaseDatabaseWrapper.connect, the only place that sets close_at`],
    ours: ours(
      'unit/pools/age.test.ts',
      'A1: counts from the start of connecting',
      'A1, A6: is not extended by use, so a job that runs every few seconds keeps no pool alive',
    ),
  },
  {
    behaviour: 'At exactly its max-age a connection is too old.',
    sources: [`${BASE} BaseDatabaseWrapper.close_if_unusable_or_obsolete`],
    ours: ours(
      'unit/pools/age.test.ts',
      'A2, A3: at exactly max-age no statement starts on a pool, even if its timer had no chance to fire',
      'A3: no transaction starts on an obsolete pool either',
    ),
    differs:
      'Django looks at the age at the start and end of requests, so a statement in the middle of one may start on a connection past its max-age. Here each statement and transaction looks.',
  },
  {
    behaviour: 'A connection past its max-age is closed when a request starts or ends.',
    sources: ['django/db/__init__.py close_old_connections'],
    ours: [
      ...ours('unit/pools/age.test.ts', 'A4: closes an idle pool at its deadline, with no traffic at all'),
      ...ours('sqlite/lifecycle.test.ts', 'A4: exits by itself while a pool waits for its max-age'),
    ],
    differs:
      'Clean-up needs no request. Without traffic Django keeps what is open: nobody asks. A timer that does not keep the process alive closes it here.',
  },
  {
    behaviour: 'In a process without requests a connection stays open until somebody closes it.',
    sources: ['docs/ref/databases.txt, Persistent connections, Caveats'],
    ours: ours(
      'unit/pools/age.test.ts',
      'A1, A6: is not extended by use, so a job that runs every few seconds keeps no pool alive',
      'A6: one long unit of work goes from pool to pool',
    ),
    differs: 'Max-age holds in jobs and scripts too.',
  },
  {
    behaviour: '`close_old_connections()` can be called by hand, and looks only at connections that were used.',
    sources: ['django/db/__init__.py close_old_connections, with connections.all(initialized_only=True)'],
    ours: ours(
      'unit/pools/closing.test.ts',
      'closeObsolete() closes what is obsolete and idle, and does not wait for what is in use',
    ),
  },
  {
    behaviour: 'The age of a connection is taken from the monotonic clock.',
    sources: [`${BASE} BaseDatabaseWrapper.connect, close_if_unusable_or_obsolete`],
    ours: ours(
      'unit/pools/age.test.ts',
      'A7: a process that was frozen does not trust its old sockets',
      'A7: a wall clock set back changes nothing',
    ),
    differs:
      'On some systems that clock stops while the machine sleeps. The larger of the monotonic and the wall clock’s time counts here.',
  },
  {
    behaviour: 'A connection that is closed inside `atomic()` takes its transaction with it.',
    sources: [
      `${BASE} BaseDatabaseWrapper.close, close_if_unusable_or_obsolete`,
      'tests/transactions/tests.py AtomicErrorsTests.test_atomic_prevents_queries_in_broken_transaction_after_client_close',
    ],
    ours: [
      ...ours(
        'unit/pools/closing.test.ts',
        'D1: statements in flight and open transactions finish before their pool closes',
      ),
      ...ours(
        'unit/pools/age.test.ts',
        'A5: a busy pool closes when its last statement or transaction ends; new work opens a fresh one at once',
      ),
    ],
    differs:
      'An open transaction is not killed at max-age: its pool drains, and others go on with the next. Work in flight is never cut before `drainTimeout`.',
  },
  {
    behaviour: 'A connection whose autocommit is not as configured when a request ends is closed.',
    sources: [`${BASE} BaseDatabaseWrapper.close_if_unusable_or_obsolete`],
    ours: ours(
      'unit/pools/closing.test.ts',
      'D1: a transaction that drains for longer than drainTimeout is cut, reported, and rolled back',
    ),
    differs:
      'Prisma has no such setting, and ends every transaction that it starts. One that does not end by itself is rolled back after `drainTimeout`.',
  },
  {
    behaviour: 'A SQLite database in memory is not closed.',
    sources: ['django/db/backends/sqlite3/base.py DatabaseWrapper.close'],
    ours: [
      ...ours(
        'unit/pools/closing.test.ts',
        'D4: a database in memory is closed neither by age, nor idleness, nor the cap, nor its probe',
        'an explicit close ends a database in memory, too',
      ),
      ...ours('sqlite/lifecycle.test.ts', 'D4: a branch in memory keeps its data at max-age 0'),
    ],
    differs: 'Django ignores an explicit close as well. Here it ends the database, as whoever asks for it knows.',
  },
  {
    behaviour: 'Each thread has connections of its own, so the server needs as many as there are threads.',
    sources: [
      'docs/ref/databases.txt, Persistent connections, Caveats',
      'tests/backends/tests.py ThreadTests.test_connections_thread_local',
    ],
    ours: [
      ...ours('unit/pools/opening.test.ts', 'B1: one live pool per URL, however many callers arrive while it is cold'),
      ...ours(
        'postgres/cap.test.ts',
        'C1, C2: 40 branches through 4 clients: all are served, connections stay within the bound, none is left',
      ),
    ],
    differs: 'One pool per branch serves all units of work, and `maxClients` bounds the pools of the process.',
  },
  {
    behaviour: 'Django’s own pool for PostgreSQL refuses a max-age other than 0.',
    sources: ['django/db/backends/postgresql/base.py DatabaseWrapper.pool'],
    ours: ours(
      'postgres/swap.test.ts',
      'A3, A5, D1, D3: nothing fails, every write is there exactly once, and no connection is left',
    ),
    differs: 'Max-age applies to the driver’s pool as a whole, which is replaced beneath the client.',
  },
  {
    behaviour: 'The name of a database that is not configured is an error.',
    sources: ['tests/db_utils/tests.py ConnectionHandlerTests.test_nonexistent_alias'],
    ours: ours(
      'sqlite/clients.test.ts',
      'B5: an unknown branch is a typed error, and ten thousand random names leave nothing behind',
    ),
  },
  {
    behaviour: 'A server thread that ends closes its connections.',
    sources: ['tests/servers/tests.py LiveServerTestCloseConnectionTest.test_closes_connections'],
    ours: ours(
      'sqlite/lifecycle.test.ts',
      '$disconnect closes every branch, then the main client; all of them reconnect on their next use',
    ),
  },
]
