import root = require('prisma-extension-branches')
import postgres = require('prisma-extension-branches/postgres')

export const url: string = postgres.schemaUrl('postgresql://localhost/app', 'branch_a')
export const isKnown = (error: unknown): boolean => error instanceof root.BranchError

// @ts-expect-error options are needed: the package's types are there, and are not `any`
root.branches()
