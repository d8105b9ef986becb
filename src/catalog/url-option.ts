import { redact } from '../datasource/redaction.ts'
import { describe } from '../settings/describe.ts'
import { BranchError, InvalidOptionError, UnknownBranchError } from '../settings/errors.ts'
import type { Environment } from '../settings/settings.ts'
import { UnitOfWork } from '../units/unit-of-work.ts'
import { ignoreRejection } from './ignore-rejection.ts'
import { urlTemplate } from './url-template.ts'

const URL_VARIABLE = 'DATABASE_BRANCH_URL'

/** The `url` option: a branch's name → what it says of it, or an error. */
export class UrlOption {
  readonly #urlOf: (name: string) => unknown

  /** @throws {InvalidOptionError} on an option that is none */
  constructor(url: unknown, environment: Environment) {
    this.#urlOf = resolver(url, environment)
  }

  /** @throws {UnknownBranchError} if there is no such branch */
  ask(name: string): unknown {
    let url: unknown
    try {
      // What the application does in there on its client is none of the unit's doing (rule I9).
      url = UnitOfWork.current() === undefined ? this.#urlOf(name) : UnitOfWork.outside(() => this.#urlOf(name))
    } catch (error) {
      if (error instanceof BranchError) throw error
      throw new UnknownBranchError(name, 'the url option threw (see cause)', { cause: redact(error) })
    }
    if (url === undefined || url === null) throw new UnknownBranchError(name, `the url option returned ${url}`)
    ignoreRejection(url)
    return url
  }
}

function resolver(url: unknown, environment: Environment): (name: string) => unknown {
  if (typeof url === 'function') return (name) => url(name)
  if (typeof url === 'string') return urlTemplate('url', url)
  if (url !== undefined) {
    throw new InvalidOptionError(`url must be a function or a template with {branch} in it, got ${describe(url)}`)
  }
  const template = environment[URL_VARIABLE]
  if (template !== undefined) return urlTemplate(URL_VARIABLE, template)
  throw new InvalidOptionError(
    `url is missing: give a function (branch) => url, a template with {branch} in it, or set ${URL_VARIABLE}`,
  )
}
