import { postgresDatabases } from './backends/postgres-databases.ts'
import { rules } from './rules.ts'

rules(postgresDatabases)
