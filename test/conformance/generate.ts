import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { conformance, DOCUMENT } from './document.ts'
import { testTitles } from './test-titles.ts'

mkdirSync(dirname(DOCUMENT), { recursive: true })
writeFileSync(DOCUMENT, conformance(testTitles()))
console.log(`Wrote ${DOCUMENT}`)
