import { mariaDb } from './backends/mariadb.ts'
import { rules } from './rules.ts'

rules(mariaDb)
