import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, type Database, MARKER, ROUTES, type Work } from '../../demo/work.ts'
import { MAX_AGE } from './scale.ts'

export interface Kind {
  /** How many of 200 operations are of this kind. */
  share: number
  /** `title` is that of the post it writes. */
  work(title: string): Work
}

/** What the branches are used for. */
export const KINDS: Record<string, Kind> = {
  read: { share: 98, work: ROUTES['GET /posts'] },
  write: { share: 50, work: ROUTES['POST /posts'] },
  transaction: { share: 30, work: ROUTES['POST /publications'] },
  batch: { share: 20, work: batch },
  'long transaction': { share: 1, work: longTransaction },
  'long unit of work': { share: 1, work: longUnit },
}

/** The kind of the operation of that number. */
export function kindOf(number: number): Kind {
  let place = number % 200
  for (const kind of Object.values(KINDS)) {
    if (place < kind.share) return kind
    place -= kind.share
  }
  throw new Error('The shares must add up to 200')
}

function batch(title: string): Work {
  return async (database) => {
    const [post, marker] = await database.$transaction([
      database.post.create({ data: { title, authorId: MARKER.id } }),
      database.user.findUniqueOrThrow({ where: { email: MARKER.email } }),
    ])
    return { branch: marker.name, titles: [post.title] }
  }
}

/** Longer than its pool may live. */
function longTransaction(title: string): Work {
  return (database) => {
    return database.$transaction(async (transaction) => {
      const post = await transaction.post.create({ data: { title, authorId: MARKER.id }, include: { author: true } })
      await delay(1.5 * MAX_AGE)
      await transaction.post.update({ where: { id: post.id }, data: { published: true } })
      return { branch: post.author.name, titles: [post.title] }
    })
  }
}

/** Goes on across swaps. */
function longUnit(title: string): Work {
  const read = ROUTES['GET /posts']
  return async (database: Database) => {
    const answers: Answer[] = []
    for (let reads = 0; reads < 3; reads++) {
      answers.push(await read()(database))
      await delay(MAX_AGE / 2)
    }
    answers.push(await ROUTES['POST /posts'](title)(database))
    const branches = new Set(answers.map(({ branch }) => branch))
    return {
      branch: branches.size === 1 ? (answers[0]?.branch ?? null) : [...branches].join(),
      titles: answers.flatMap(({ titles }) => titles),
    }
  }
}
