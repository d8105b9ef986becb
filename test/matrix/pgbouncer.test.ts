import { pgBouncer } from './backends/pgbouncer.ts'
import { rules } from './rules.ts'

rules(pgBouncer)
