const root = require('prisma-extension-branches')
const postgres = require('prisma-extension-branches/postgres')
const { report } = require('./report.cjs')

report(root, postgres)
