import { PrismaPg } from '@prisma/adapter-pg'
import { describe, expect, it } from 'vitest'
import { PrismaClient as Multischema } from '../../../generated/multischema/client.ts'
import { PrismaClient } from '../../../generated/postgres/client.ts'
import { pinnedSchemas } from '../../../src/catalog/pinned-schemas.ts'

const adapter = new PrismaPg({ connectionString: 'postgresql://u@127.0.0.1:1/app' })

describe('pinnedSchemas', () => {
  it('knows the schemas of the models and enums of a client, and of one that extends it', () => {
    const client = new Multischema({ adapter })
    const expected = new Set(['public', 'Shared data', 'types'])
    expect(pinnedSchemas(client)).toEqual(expected)
    const extended = client.$extends({ query: { $allModels: { $allOperations: ({ args, query }) => query(args) } } })
    expect(pinnedSchemas(extended)).toEqual(expected)
    expect(pinnedSchemas(client.$extends((given) => given))).toEqual(expected)
  })

  it('knows of none where no model is pinned', () => {
    expect(pinnedSchemas(new PrismaClient({ adapter }))).toEqual(new Set())
  })

  it.each([undefined, null, 42, {}, { _runtimeDataModel: null }, { _runtimeDataModel: {} }])(
    'knows of none where the client does not say: %j',
    (client) => {
      expect(pinnedSchemas(client)).toEqual(new Set())
    },
  )

  it('takes no comment for an attribute', () => {
    const inlineSchema =
      '// @@schema("a")\nmodel X {\n  id Int // @@schema("b")\n  /// @@schema("c")\n  @@schema( map: "d \\"e\\"" )\n}'
    expect(pinnedSchemas({ _runtimeDataModel: {}, _engineConfig: { inlineSchema } })).toEqual(new Set(['d "e"']))
  })
})
