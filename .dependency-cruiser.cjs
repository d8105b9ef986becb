/**
 * The layers of src, from the top to the bottom. A folder imports from itself and from those below it, never from one
 * above. The files beside the folders are the entries of package.json's exports: they import from any, and none imports
 * them.
 */
const LAYERS = [
  'nestjs', // NestJS: a request is a unit of work
  'http', // every framework: the branch of a request, its unit of work, its answer
  'extension', // branches() and the surface that the application sees
  'routing', // routed clients and queries, client families, transactions
  'catalog', // name → URL → branch client
  'adapter', // what stands between Prisma's engine and the pools
  'units', // the unit of work and its async context
  'pools', // pools, their cap, lifetime, health, events: no Prisma client, no unit of work
  'datasource', // URLs: identity, labels, redaction
  'settings', // options, environment, errors
  'driver', // Prisma's driver adapter interface
]

const folders = (names) => `^src/(${names.join('|')})/`

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...LAYERS.slice(1).map((layer, above) => ({
      name: `${layer} imports from below only`,
      severity: 'error',
      from: { path: folders([layer]) },
      to: { path: folders(LAYERS.slice(0, above + 1)) },
    })),
    {
      name: 'no folder without a layer',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: folders(LAYERS) },
    },
    {
      name: 'nothing in src imports an entry',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'applications come in by an entry',
      severity: 'error',
      from: { path: '^(demo|examples|proof)/' },
      to: { path: '^src/[^/]+/' },
    },
    {
      name: 'src stands by itself',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|demo|bench|proof|examples)/' },
    },
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'generated/|\\.prisma' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
}
