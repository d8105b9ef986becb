import type { Client } from './application.ts'

/** Units of work that were begun on a client, and that have ended. */
export interface CountedUnits {
  begun: number
  ended: number
}

/**
 * The client, and what is known of its units of work from now on.
 *
 * @param requireBranch what the client is to say of itself
 */
export function countUnits(prisma: Client, requireBranch?: boolean): { prisma: Client; units: CountedUnits } {
  const units = { begun: 0, ended: 0 }
  const $withBranch = async (branch: string | undefined, work: () => unknown) => {
    let begun = 0
    try {
      return await prisma.$withBranch(branch, () => {
        begun = 1
        units.begun += begun
        return work()
      })
    } finally {
      units.ended += begun
    }
  }
  const counted = new Proxy(prisma, {
    get(target, property) {
      if (property === '$withBranch') return $withBranch
      if (property !== '$branches' || requireBranch === undefined) return Reflect.get(target, property)
      return Object.assign(Object.create(target.$branches), { requireBranch })
    },
  })
  return { prisma: counted, units }
}
