import { type Counterpart, ours } from './counterpart.ts'

const LIFECYCLE = 'netbox_branching/tests/test_connection_lifecycle.py BranchConnectionLifecycleTestCase'
const DATABASE = 'netbox_branching/tests/test_database.py'
const UTILITIES = 'netbox_branching/utilities.py'

/** Of netbox-branching: issue 358, its fix, and what was found in connections to branches after it. */
export const NETBOX: Counterpart[] = [
  {
    behaviour: 'A connection to a branch closes once it is past its max-age (issue 358).',
    sources: [`${UTILITIES} close_old_branch_connections`, `${LIFECYCLE}.test_branch_connections_close_after_max_age`],
    ours: [
      ...ours('postgres/netbox.test.ts', 'A9, D3: one branch'),
      ...ours('unit/pools/age.test.ts', 'A4: closes an idle pool at its deadline, with no traffic at all'),
    ],
    differs: 'There it takes the start or end of a request in the same thread. Here no request is needed.',
  },
  {
    behaviour: 'So do the connections to several branches.',
    sources: [`${LIFECYCLE}.test_multiple_branch_connections_cleanup`],
    ours: ours('postgres/netbox.test.ts', 'A9, D3: several branches'),
  },
  {
    behaviour: 'Clean-up copes with a branch whose schema was dropped.',
    sources: [`${LIFECYCLE}.test_cleanup_handles_deleted_branch`],
    ours: [
      ...ours(
        'postgres/netbox.test.ts',
        "B4: a deleted branch is an error, and never the main branch's rows; its connections are closed",
        'B4: a branch that is dropped while it is in use fails, and reads nothing else',
      ),
      ...ours(
        'sqlite/lifecycle.test.ts',
        'close(branch) closes it under its name, even if the url option no longer knows it, and is content with none',
      ),
    ],
  },
  {
    behaviour: 'The search path of a branch ends in the main schema, so that what the branch lacks is read there.',
    sources: [`${UTILITIES} DynamicSchemaDict.__getitem__`, `${DATABASE} DynamicSchemaDictTestCase`],
    ours: [
      ...ours(
        'postgres/netbox.test.ts',
        "B4: a deleted branch is an error, and never the main branch's rows; its connections are closed",
        "B4: an adapter that ignores the schema of its URL is an error, and never the main branch's rows",
      ),
    ],
    differs:
      'A dropped branch is an error and not the rows of main: the search path has the schema of the branch alone.',
  },
  {
    behaviour: 'The options of the main database hold for its branches (issue 384).',
    sources: ['netbox_branching/tests/test_config.py DynamicSchemaDictTestCase.test_preserves_database_options'],
    ours: ours(
      'postgres/schema-url.test.ts',
      'B6: keeps every parameter of the base URL, and adds to its options',
      'replaces the schema and search_path of a base URL that has them',
    ),
  },
  {
    behaviour: 'Work that goes through all branches leaves no connection to each behind (issue 581).',
    sources: [`${LIFECYCLE}.test_check_pending_migrations_closes_branch_connections`],
    ours: ours(
      'postgres/cap.test.ts',
      'C1, C2: 40 branches through 4 clients: all are served, connections stay within the bound, none is left',
    ),
    differs: 'No loop has to close anything: the cap bounds what is open.',
  },
  {
    behaviour: 'A branch is known to the clean-up from its first use.',
    sources: [
      `${UTILITIES} track_branch_connection`,
      `${DATABASE} DynamicSchemaDictTestCase.test_lookup_registers_alias_for_cleanup_tracking`,
      `${DATABASE} BranchConnectionTrackingTestCase.test_track_branch_connection_adds_alias`,
    ],
    ours: [
      ...ours(
        'unit/pools/closing.test.ts',
        'D3: nothing is left at the end, also of a pool that was just being opened',
      ),
      ...ours('sqlite/clients.test.ts', 'keeps the clients used last, and no more than maxClients'),
    ],
    differs: 'What is known there is a set per thread that only grows. Here closed pools and old clients are let go.',
  },
  {
    behaviour: 'Clean-up before any branch was used does nothing.',
    sources: [
      `${DATABASE} BranchConnectionTrackingTestCase.test_close_old_branch_connections_no_error_when_tracker_empty`,
    ],
    ours: ours(
      'sqlite/lifecycle.test.ts',
      'close(branch) closes it under its name, even if the url option no longer knows it, and is content with none',
    ),
  },
  {
    behaviour: 'Any name of the right form counts as a database.',
    sources: [`${DATABASE} DynamicSchemaDictTestCase.test_contains_lies_about_schema_keys`],
    ours: ours(
      'sqlite/clients.test.ts',
      'B5: an unknown branch is a typed error, and ten thousand random names leave nothing behind',
    ),
    differs: 'The `url` option may say that there is no such branch, which is a typed error before anything opens.',
  },
  {
    behaviour: 'Reads and writes go to the branch that is active in their context, and otherwise to the main database.',
    sources: [
      'netbox_branching/contextvars.py active_branch',
      `${DATABASE} BranchAwareRouterTestCase.test_db_for_read_returns_branch_alias_when_active, test_db_for_write_mirrors_db_for_read, test_db_for_read_returns_none_without_active_branch`,
    ],
    ours: ours(
      'sqlite/routing.test.ts',
      'goes to the main client outside, and to the branch inside of $withBranch, at any depth',
      "B7: parallel units of work never see each other's branch",
    ),
  },
]
