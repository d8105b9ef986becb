import * as root from 'prisma-extension-branches'
import * as postgres from 'prisma-extension-branches/postgres'
import { report } from './report.cjs'

report(root, postgres)
