export { type SchemaAdapterClass, schemaAdapter } from './adapter/schema-adapter.ts'
export { schemaUrl } from './datasource/schema-url.ts'
