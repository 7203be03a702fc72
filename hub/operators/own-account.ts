import type { OwnAccountView } from '../../schemas/api/session.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { HubError } from '../kernel/errors.ts';
import type { AccountRecord } from './operator-store.ts';
import type { Operators } from './operators.ts';
import { hashPassword } from './passwords.ts';
import { demandPassword, wrongProof } from './proof-faults.ts';
import { newRecoveryCodes, type SecondFactors } from './second-factor.ts';

/** What a person changes of the own account, who proves again who it is. */
export interface OwnAccountDeps {
  operators: Pick<Operators, 'accountOf' | 'change' | 'proves'>;
  factors: SecondFactors;
  clock: Clock;
}

/** A secret that was shown and not confirmed yet. */
interface Begun {
  readonly secret: string;
  readonly untilMs: number;
}

/** Time to take up an authenticator app. */
const beginningMs = 600_000;
/** Of accounts, of which there are at most as many. */
const maxBegun = 1_000;

/**
 * The password and the second factor of whoever is signed in. Each change ends the other sessions of the account.
 * Every method throws HubError `forbidden` for who has no account, `input-invalid` for a wrong proof, `too-many-attempts`.
 */
export class OwnAccount {
  readonly #deps: OwnAccountDeps;
  readonly #begun = new Map<string, Begun>();

  constructor(deps: OwnAccountDeps) {
    this.#deps = deps;
  }

  /** What a person may know of the own account; undefined for who has none. */
  view(actor: string): OwnAccountView | undefined {
    const account = this.#deps.operators.accountOf(actor);
    if (account === undefined) return undefined;
    const { passwordHash, secondFactor } = account;
    return {
      password: passwordHash !== '',
      twoFactor: secondFactor !== undefined,
      recoveryCodes: secondFactor?.recoveryHashes.length ?? 0,
    };
  }

  /** @param present the password until now @param address of the network the request comes from */
  async changePassword(actor: string, present: string, next: string, address: string): Promise<void> {
    await this.#prove(actor, present, address);
    demandPassword(next, 'newPassword');
    const proved = this.#account(actor);
    const passwordHash = await hashPassword(next);
    await this.#deps.operators.change(proved.name, (now) => {
      // Another hub has changed it in the meantime.
      if (now.passwordHash !== proved.passwordHash) throw wrongPassword();
      return { ...now, passwordHash };
    });
  }

  /** @returns what an authenticator app takes up; nothing is changed before its first code comes */
  async beginSecondFactor(
    actor: string,
    password: string,
    address: string,
  ): Promise<{ secret: string; address: string }> {
    await this.#prove(actor, password, address);
    const { clock, factors } = this.#deps;
    const { name } = this.#account(actor);
    const secret = factors.codes.newSecret();
    this.#begun.delete(name);
    this.#begun.set(name, { secret, untilMs: clock.now() + beginningMs });
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > maxBegun && oldest !== undefined) this.#begun.delete(oldest);
    return { secret, address: factors.codes.address(name, secret) };
  }

  /** @param code the first of the app @returns the recovery codes, shown this once */
  async confirmSecondFactor(actor: string, code: string): Promise<string[]> {
    const { clock, operators } = this.#deps;
    const account = this.#account(actor);
    const begun = this.#begun.get(account.name);
    if (begun === undefined || begun.untilMs < clock.now())
      throw new HubError('input-invalid', 'begin again: the secret was shown more than ten minutes ago');
    const recovery = newRecoveryCodes();
    const fresh = { secret: begun.secret, usedStep: -1, recoveryHashes: [] };
    const { usedStep } = this.#used(account.name, fresh, code);
    this.#begun.delete(account.name);
    const secondFactor = { ...fresh, usedStep, recoveryHashes: recovery.hashes };
    await operators.change(account.name, (now) => ({ ...now, secondFactor }));
    return recovery.codes;
  }

  async removeSecondFactor(actor: string, password: string, code: string, address: string): Promise<void> {
    await this.#prove(actor, password, address);
    const { name, secondFactor: known } = this.#account(actor);
    if (known === undefined) return;
    await this.#deps.operators.change(name, (now) => {
      const { secondFactor, ...account } = now;
      if (secondFactor === undefined) return now;
      this.#used(name, secondFactor, code);
      return account;
    });
  }

  #used(name: string, factor: NonNullable<AccountRecord['secondFactor']>, code: string) {
    const use = this.#deps.factors.use(name, factor, code);
    if (use.kind === 'right') return use.factor;
    if (use.kind === 'wrong') throw wrongProof('code', 'the code that the app shows now, or a recovery code');
    throw new HubError('too-many-attempts', '', { details: { waitMs: use.waitMs } });
  }

  #account(actor: string): AccountRecord {
    const account = this.#deps.operators.accountOf(actor);
    if (account === undefined)
      throw new HubError('forbidden', `${actor} is no account of a person`, { details: { actor } });
    return account;
  }

  async #prove(actor: string, password: string, address: string): Promise<void> {
    const { name } = this.#account(actor);
    const proof = await this.#deps.operators.proves(name, password, address);
    if (proof.kind === 'denied') throw wrongPassword();
    if (proof.kind === 'throttled')
      throw new HubError('too-many-attempts', '', { details: { waitMs: proof.retryAfterSec * 1_000 } });
  }
}

function wrongPassword(): HubError {
  return wrongProof('password', 'the present password');
}
