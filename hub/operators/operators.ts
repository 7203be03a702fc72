import { randomBytes } from 'node:crypto';
import type { Account, Operator, Rights } from '../../schemas/api/operators.ts';
import { HubError } from '../kernel/errors.ts';
import { demandPlace } from '../kernel/share.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Origin } from '../../schemas/api/requester.ts';
import type { Auditor } from '../audit/audit.ts';
import { nameOf } from './actor-name.ts';
import {
  accountUnknown,
  grantOfAccount,
  hasRights,
  isPerson,
  lastAdmin,
  nameTaken,
} from './account-rules.ts';
import { ApiTokens } from './api-tokens.ts';
import { attempt, FailedLogins, throttled, type Denial, type Login } from './failed-logins.ts';
import type { ExternalPerson } from './identity-provider.ts';
import type { AccountChange, AccountRecord, OperatorStore } from './operator-store.ts';
import { PasswordJudge } from './password-judge.ts';
import { hashPassword, hashToken, passwordHolds } from './passwords.ts';
import { demandPassword, invalidMember } from './proof-faults.ts';
import type { CodeUse, SecondFactors } from './second-factor.ts';

export interface OperatorsDeps {
  store: OperatorStore;
  clock: Clock;
  audit: Auditor;
  factors: SecondFactors;
  /** The rights of this account or token changed or ended: what it has open ends too. */
  changed: (actor: string) => void;
}

/** Only administrators make them. */
const maxAccounts = 1_000;

/** Accounts of people and tokens of programs, and their authentication. */
export class Operators {
  readonly #deps: OperatorsDeps;
  #accounts = new Map<string, AccountRecord>();
  readonly tokens: ApiTokens;
  /** Changes of accounts that were begun or ended here. */
  #writes = 0;
  readonly #failures: FailedLogins;
  readonly #passwords: PasswordJudge;
  #firstLoginHash: string | undefined;

  constructor(deps: OperatorsDeps) {
    this.#deps = deps;
    this.tokens = new ApiTokens(deps);
    this.#failures = new FailedLogins(deps);
    this.#passwords = new PasswordJudge({ clock: deps.clock, holds: passwordHolds });
  }

  async load(): Promise<void> {
    for (const account of await this.#deps.store.loadAccounts()) this.#accounts.set(account.name, account);
    await this.tokens.load();
  }

  /** Reads again what another hub may have changed: what was signed in under other rights is signed out. @throws HubError `database-failed` */
  async refresh(): Promise<void> {
    await this.tokens.refresh();
    const { store, changed } = this.#deps;
    const writes = this.#writes;
    const accounts = new Map((await store.loadAccounts()).map((account) => [account.name, account]));
    // Changed here in the meantime: the next look sees both.
    if (this.#writes !== writes) return;
    const before = new Map(this.#accounts);
    this.#accounts = accounts;
    // A code that was used elsewhere ends nothing.
    for (const [name, account] of before)
      if (grantOfAccount(accounts.get(name)) !== grantOfAccount(account)) changed(`operator:${name}`);
    if (this.#hasOwnAccount()) this.#firstLoginHash = undefined;
  }

  /** Passwords not judged because too many waited. */
  get unjudged(): number {
    return this.#passwords.counters.unjudged;
  }

  /** A code that makes the first admin, once; undefined when there is an account of this hub already. */
  openFirstLogin(): string | undefined {
    if (this.#hasOwnAccount()) return undefined;
    const code = randomBytes(24).toString('base64url');
    this.#firstLoginHash = hashToken(code);
    return code;
  }

  #hasOwnAccount(): boolean {
    return [...this.#accounts.values()].some(({ external }) => external === undefined);
  }

  /** Trades the code for the first admin's account, unless another hub has done so with its own. */
  async firstLogin(code: string, name: string, password: string, address: string): Promise<Login> {
    const isRight = (): boolean =>
      this.#firstLoginHash !== undefined && hashToken(code) === this.#firstLoginHash;
    if (isRight()) await this.refresh();
    if (!isRight()) {
      return this.#failures.failed({ ...attempt(address), action: 'first-login', subject: name }, address);
    }
    this.#firstLoginHash = undefined;
    try {
      await this.saveAccount(name, { role: 'admin', devices: '*', safety: 'critical' }, password);
    } catch (error) {
      // A password that is too short must not cost the only code.
      this.#firstLoginHash = hashToken(code);
      throw error;
    }
    await this.#deps.audit.record({
      actor: `operator:${name}`,
      origin: 'http',
      action: 'first-login',
      subject: name,
      outcome: 'done',
      details: { address },
    });
    return { kind: 'operator', operator: this.#operatorOf(name) };
  }

  /**
   * A person's name and password, and a code where the account asks for one.
   * @param address of the network the request comes from
   */
  async login(
    name: string,
    password: string,
    address: string,
    { origin = 'http', code }: { origin?: Origin; code?: string | undefined } = {},
  ): Promise<Login> {
    const proof = await this.proves(name, password, address, origin);
    if (proof.kind !== 'right') return proof;
    const refused = await this.#withoutCode(name, code, address);
    if (refused !== undefined) return refused;
    return this.#signedIn(name, { address, origin });
  }

  /** Whether this is the password of the account. @param address as for `login` */
  async proves(
    name: string,
    password: string,
    address: string,
    origin: Origin = 'http',
  ): Promise<{ kind: 'right' } | Denial> {
    const { clock } = this.#deps;
    const cameAt = clock.monotonic();
    const stored = this.#accounts.get(name)?.passwordHash;
    const judgement = await this.#passwords.judge({ name, password, stored, network: address });
    // The account may have been removed, or its password changed, in the meantime.
    if (judgement === 'right' && this.#accounts.get(name)?.passwordHash === stored) return { kind: 'right' };
    const event = { ...attempt(address, origin), action: 'login', subject: name } as const;
    const failed = this.#failures.failed(event, address, name);
    if (judgement !== 'unjudged' && failed.kind === 'denied') return failed;
    return this.#failures.answerSlowly(failed, cameAt);
  }

  /** Why a right password is not enough; undefined: it is. A code is used up before the answer. */
  async #withoutCode(name: string, code: string | undefined, address: string): Promise<Login | undefined> {
    const account = this.#accounts.get(name);
    if (account?.secondFactor === undefined) return undefined;
    if (code === undefined) return { kind: 'code-needed' };
    let use: CodeUse | undefined;
    // Judged by what is on disk, so that of several hubs one takes it.
    const became = await this.#written((store) =>
      store.changeAccount(
        account,
        (now) => {
          use = now.secondFactor && this.#deps.factors.use(name, now.secondFactor, code);
          return use?.kind === 'right' ? { ...now, secondFactor: use.factor } : now;
        },
        { keepsAnAdmin: false },
      ),
    );
    if (became.kind === 'changed') this.#learned(became.record);
    const isSame = became.kind === 'changed' && became.record.passwordHash === account.passwordHash;
    if (isSame && (use === undefined || use.kind === 'right')) return undefined;
    if (use?.kind === 'throttled') return throttled(use.waitMs);
    const event = { ...attempt(address), action: 'login', subject: name } as const;
    return this.#failures.failed({ ...event, details: { reason: 'code' } }, address, name);
  }

  /** Somebody whom the identity provider knows: the account is made, or follows the rights of now. @throws HubError `input-invalid` */
  async externalLogin(
    { issuer, subject }: Pick<ExternalPerson, 'issuer' | 'subject'>,
    { name, rights }: { name: string; rights: Rights },
    address: string,
  ): Promise<Extract<Login, { kind: 'operator' }>> {
    const known = this.#externalAccount({ issuer, subject });
    if (known === undefined) {
      if (this.#accounts.has(name)) throw nameTaken();
      demandPlace(this.#accounts.size, { things: 'accounts', room: maxAccounts });
      const external = { issuer, subject };
      const createdMs = this.#deps.clock.now();
      const account = { name, ...rights, passwordHash: '', createdMs, external };
      const found = (now: AccountRecord): AccountRecord => {
        if (now !== account && !isPerson(now, external)) throw nameTaken();
        return { ...now, ...rights };
      };
      await this.#add(account, found, { keepsAnAdmin: false });
    } else if (!hasRights(known, rights)) await this.change(known.name, (now) => ({ ...now, ...rights }));
    return this.#signedIn(known?.name ?? name, { address, origin: 'http' });
  }

  /** The provider gives this person no role any more: the account goes, with its sessions. */
  async endExternal(person: Pick<ExternalPerson, 'issuer' | 'subject'>): Promise<void> {
    const known = this.#externalAccount(person);
    if (known === undefined) return;
    await this.#written((store) => store.removeAccount(known.name));
    this.#dropped(known);
  }

  #externalAccount(person: Pick<ExternalPerson, 'issuer' | 'subject'>): AccountRecord | undefined {
    return [...this.#accounts.values()].find((account) => isPerson(account, person));
  }

  async #signedIn(
    name: string,
    { address, origin }: { address: string; origin: Origin },
  ): Promise<Extract<Login, { kind: 'operator' }>> {
    const operator = this.#operatorOf(name);
    const event = { actor: operator.actor, origin, action: 'login', subject: name } as const;
    await this.#deps.audit.record({ ...event, details: { address }, outcome: 'done' });
    return { kind: 'operator', operator };
  }

  /** A screen that shows the console shows what a viewer's token may see. @param address as for `login` */
  async screenLogin(token: string, address: string): Promise<Login> {
    const operator = this.tokens.byToken(token);
    const action = 'screen-login';
    if (operator === undefined)
      return this.#failures.failed({ ...attempt(address), action, subject: '' }, address);
    const { actor } = operator;
    const subject = nameOf(actor, 'token') ?? '';
    const event = { actor, origin: 'http', action, subject, details: { address } } as const;
    if (operator.role !== 'viewer') {
      this.#deps.audit.refused(actor, event);
      const note = `a screen signs in with the token of a viewer, and ${subject} is one of an ${operator.role}`;
      throw new HubError('forbidden', note);
    }
    await this.#deps.audit.record({ ...event, outcome: 'done' });
    return { kind: 'operator', operator };
  }

  /** The account or token as it is now; undefined once it is gone. */
  byActor(actor: string): Operator | undefined {
    const name = nameOf(actor, 'operator');
    if (name !== undefined) return this.#accounts.has(name) ? this.#operatorOf(name) : undefined;
    return this.tokens.byActor(actor);
  }

  /**
   * Changes with the password, the second factor or the rights of the account, or with the token: a stored session ends with them, even when
   * the hub died before that was written. Undefined once they are gone.
   */
  grantOf(actor: string): string | undefined {
    return grantOfAccount(this.accountOf(actor)) ?? this.tokens.grantOf(actor);
  }

  /** The account of an actor such as `operator:anna`. */
  accountOf(actor: string): AccountRecord | undefined {
    return this.#accounts.get(nameOf(actor, 'operator') ?? '');
  }

  listAccounts(): Account[] {
    return [...this.#accounts.values()].map((account) => {
      const { name, role, devices, safety, createdMs, secondFactor, external } = account;
      const provider = external === undefined ? {} : { provider: external.issuer };
      return { name, role, devices, safety, createdMs, twoFactor: secondFactor !== undefined, ...provider };
    });
  }

  /**
   * Adds an account, or changes it; its sessions end.
   * @param password undefined: stays as it is
   * @throws HubError `input-invalid`
   */
  async saveAccount(name: string, rights: Rights, password?: string): Promise<void> {
    const known = this.#accounts.get(name);
    if (password === undefined && known === undefined)
      throw invalidMember('password', 'given for a new account');
    if (password !== undefined) demandPassword(password, 'password');
    const demotes = rights.role !== 'admin';
    if (demotes && this.#isLastAdmin(name)) throw lastAdmin();
    if (known === undefined) demandPlace(this.#accounts.size, { things: 'accounts', room: maxAccounts });
    const given = password === undefined ? {} : { passwordHash: await hashPassword(password) };
    const change = (now: AccountRecord): AccountRecord => ({ ...now, ...rights, ...given });
    if (known !== undefined) await this.#change(known, change, { keepsAnAdmin: true });
    else
      await this.#add(
        change({ name, ...rights, passwordHash: '', createdMs: this.#deps.clock.now() }),
        change,
        { keepsAnAdmin: true },
      );
  }

  /**
   * Changes an account; its sessions end.
   * @param change is given the account as it is on disk, whichever hub wrote it; perhaps several times
   * @throws HubError `operator-unknown` · `database-failed`
   */
  async change(name: string, change: (now: AccountRecord) => AccountRecord): Promise<void> {
    const known = this.#accounts.get(name);
    if (known === undefined) throw accountUnknown(name);
    await this.#change(known, change, { keepsAnAdmin: false });
  }

  /** @param change what becomes of it when another hub has added it in the meantime */
  async #add(
    account: AccountRecord,
    change: (now: AccountRecord) => AccountRecord,
    options: { keepsAnAdmin: boolean },
  ): Promise<void> {
    if (await this.#written((store) => store.addAccount(account))) this.#replaced(account);
    else await this.#change(account, change, options);
  }

  async #change(
    known: AccountRecord,
    change: (now: AccountRecord) => AccountRecord,
    options: { keepsAnAdmin: boolean },
  ): Promise<void> {
    const became: AccountChange = await this.#written((store) => store.changeAccount(known, change, options));
    // Another hub may have taken the other admins in the meantime.
    if (became.kind === 'last-admin') throw lastAdmin();
    if (became.kind === 'gone') throw accountUnknown(known.name);
    this.#replaced(became.record);
  }

  /** What is read again while something is written may be older than that. */
  async #written<Result>(write: (store: OperatorStore) => Promise<Result>): Promise<Result> {
    this.#writes += 1;
    try {
      return await write(this.#deps.store);
    } finally {
      this.#writes += 1;
    }
  }

  #replaced(account: AccountRecord): void {
    this.#learned(account, 'ends-sessions');
    // Whom the identity provider signs in need not be an admin.
    if (account.external === undefined) this.#firstLoginHash = undefined;
  }

  /** It is so on disk. A code that was used ends nothing, but another hub may have changed more. */
  #learned(account: AccountRecord, ends?: 'ends-sessions'): void {
    const { name, passwordHash } = account;
    const known = this.#accounts.get(name);
    if (known !== undefined && passwordHash !== known.passwordHash)
      this.#passwords.forget(known.passwordHash);
    this.#accounts.set(name, account);
    if (ends !== undefined || grantOfAccount(account) !== grantOfAccount(known))
      this.#deps.changed(`operator:${name}`);
  }

  /** Asks for no code any more. @throws HubError `operator-unknown` · `database-failed` */
  async resetSecondFactor(name: string): Promise<void> {
    await this.change(name, (now) => {
      const { secondFactor: _, ...account } = now;
      return account;
    });
  }

  /** @throws HubError `operator-unknown` · `input-invalid` for the last admin */
  async removeAccount(name: string): Promise<void> {
    const account = this.#accounts.get(name);
    if (account === undefined) throw accountUnknown(name);
    if (this.#isLastAdmin(name)) throw lastAdmin();
    if (!(await this.#written((store) => store.removeKeepingAnAdmin(name)))) throw lastAdmin();
    this.#dropped(account);
  }

  #dropped({ name, passwordHash }: AccountRecord): void {
    this.#accounts.delete(name);
    this.#passwords.forget(passwordHash);
    this.#deps.changed(`operator:${name}`);
  }

  #operatorOf(name: string): Operator {
    const account = this.#accounts.get(name);
    if (account === undefined) throw new HubError('operator-unknown', name);
    const { role, devices, safety } = account;
    return { actor: `operator:${name}`, role, devices, safety };
  }

  /** Without an admin nobody could make one but at the machine itself. */
  #isLastAdmin(name: string): boolean {
    const admins = this.listAccounts().filter(({ role }) => role === 'admin');
    return admins.length === 1 && admins[0]?.name === name;
  }
}
