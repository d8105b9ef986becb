import { identifyDatasource } from '../datasource/identity.ts'
import { InvalidBranchNameError, InvalidOptionError } from '../settings/errors.ts'

const PLACEHOLDER = '{branch}'

/**
 * Names that are safe wherever a template may put them: no separator of paths or URLs, and never `.` or `..`. 63 is the
 * longest identifier of PostgreSQL.
 */
const TEMPLATE_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,62}$/u

/** @throws {InvalidOptionError} if the template has no `{branch}` in it or gives no URL */
export function urlTemplate(name: string, template: string): (branch: string) => string {
  const hint = `${name} must be a URL with ${PLACEHOLDER} in it, such as postgresql://host/app?schema=branch_${PLACEHOLDER}`
  if (!template.includes(PLACEHOLDER)) throw new InvalidOptionError(`${hint}, got a string without it`)
  const fill = (branch: string) => template.replaceAll(PLACEHOLDER, encodeURIComponent(branch))
  try {
    identifyDatasource(fill('main'), 'main')
  } catch {
    throw new InvalidOptionError(`${hint}, got one that does not parse`)
  }
  return (branch) => {
    if (TEMPLATE_NAME.test(branch)) return fill(branch)
    throw new InvalidBranchNameError(
      `Branch name ${JSON.stringify(branch)} does not fit the template in ${name}: a name is 1 to 63 letters, digits, ` +
        '_, - or ., and starts with a letter, a digit or _. To map other names, give url as a function',
    )
  }
}
