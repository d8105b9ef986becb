import { sqliteFiles } from './backends/sqlite.ts'
import { rules } from './rules.ts'

rules(sqliteFiles)
