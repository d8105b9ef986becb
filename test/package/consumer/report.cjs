/** Says on stdout what a consumer sees of the package's two entry points. */
exports.report = (root, postgres) => {
  let error
  try {
    root.branches({ maxAge: '60s' })
  } catch (caught) {
    error = caught
  }
  const report = {
    root: Object.keys(root),
    postgres: Object.keys(postgres),
    error: {
      name: error?.name,
      code: error?.code,
      message: error?.message,
      typed: error instanceof root.InvalidOptionError && error instanceof root.BranchError && error instanceof Error,
    },
    url: postgres.schemaUrl('postgresql://localhost/app', 'branch_a'),
  }
  console.log(JSON.stringify(report))
}
