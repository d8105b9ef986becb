import { postgresSchemas } from './backends/postgres-schemas.ts'
import { rules } from './rules.ts'

rules(postgresSchemas)
