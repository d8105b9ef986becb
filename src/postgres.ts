export { type SchemaAdapterClass, schemaAdapter } from './adapter/schema-adapter.ts'
export { type SchemaUrlOptions, schemaUrl } from './datasource/schema-url.ts'
