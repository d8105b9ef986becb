const required = require('prisma-extension-branches')

import('prisma-extension-branches').then((imported) => {
  console.log(JSON.stringify({ same: imported.BranchError === required.BranchError }))
})
