import { InvalidOptionError } from '../settings/errors.ts'

/** A class that stands for a client of this type where Nest wants a token. There are no instances of it. */
export type ClientToken<Client> = abstract new () => Client

/**
 * Base of the class under which `BranchesModule` provides the client. What is injected is the client itself and no instance
 * of the class, so the class is left empty: it is the token, and the type, with every model, `$branch` and `$withBranch`.
 *
 * @example export class PrismaService extends ClientToken<ReturnType<typeof createPrisma>>() {}
 */
export function ClientToken<Client extends object>(): ClientToken<Client> {
  abstract class Token {
    /** @throws {InvalidOptionError} always: Nest was told to make an instance */
    constructor() {
      const { name } = new.target
      throw new InvalidOptionError(
        `${name} is provided by BranchesModule.forRoot({ provide: ${name}, … }), and must not be in the providers of a module`,
      )
    }
  }
  return Token as ClientToken<Client>
}
