import { identifyDatasource } from '../datasource/identity.ts'
import { InvalidBranchNameError, InvalidOptionError } from '../settings/errors.ts'
import { PLACEHOLDER, templatePlaces } from './template-places.ts'

/**
 * Names that are safe wherever a template may put them: no separator of paths or URLs, and never `.` or `..`. 63 is the
 * longest identifier of PostgreSQL.
 */
const TEMPLATE_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,62}$/u

/**
 * A name may come from outside, so a template has it only where it can do no harm: in the path, in `schema`, and in the host
 * before a fixed domain. Names that differ give URLs that differ; what a server or a driver would take for one is refused.
 *
 * @throws {InvalidOptionError} if the template has no `{branch}` in it, has it elsewhere, or gives no URL
 */
export function urlTemplate(name: string, template: string): (branch: string) => string {
  const hint = `${name} must be a URL with ${PLACEHOLDER} in it, such as postgresql://host/app?schema=branch_${PLACEHOLDER}`
  if (!template.includes(PLACEHOLDER)) throw new InvalidOptionError(`${hint}, got a string without it`)
  const { fault, rules } = templatePlaces(template)
  if (fault !== undefined) {
    throw new InvalidOptionError(
      `${name} has ${PLACEHOLDER} ${fault}. Put it in the path or in schema=…, or give url as a function that looks ` +
        'names up and returns nothing for those it does not know',
    )
  }
  const fill = (branch: string) => template.replaceAll(PLACEHOLDER, encodeURIComponent(branch))
  try {
    identifyDatasource(fill('main'), 'main')
  } catch {
    throw new InvalidOptionError(`${hint}, got one that does not parse`)
  }
  return (branch) => {
    const broken = TEMPLATE_NAME.test(branch) ? rules.find(({ fits }) => !fits(branch))?.text : ANY_NAME
    if (broken === undefined) return fill(branch)
    throw new InvalidBranchNameError(
      `Branch name ${JSON.stringify(branch)} does not fit the template in ${name}: a name ${broken}. To map other ` +
        'names, give url as a function',
    )
  }
}

const ANY_NAME = 'is 1 to 63 letters, digits, _, - or ., and starts with a letter, a digit or _'
