import { randomBytes } from 'node:crypto';
import type { Account, Operator, Rights, Token } from '../../schemas/api/operators.ts';
import { HubError } from '../kernel/errors.ts';
import { FailedProofs } from '../kernel/failed-proofs.ts';
import { demandPlace } from '../kernel/share.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Origin, Requester } from '../../schemas/api/requester.ts';
import type { AuditEvent, Auditor } from '../audit/audit.ts';
import type { AccountRecord, OperatorStore, TokenRecord } from './operator-store.ts';
import { PasswordJudge } from './password-judge.ts';
import { hashPassword, hashToken, newToken, passwordHolds } from './passwords.ts';

/** How a login ended. */
export type Login =
  | { kind: 'operator'; operator: Operator }
  /** Unknown name or wrong password: one answer, one cost. */
  | { kind: 'denied' }
  | { kind: 'throttled'; retryAfterSec: number };

export interface OperatorsDeps {
  store: OperatorStore;
  clock: Clock;
  audit: Auditor;
  /** The rights of this account or token changed or ended: what it has open ends too. */
  changed: (actor: string) => void;
}

/** A burst of ten failures, then one every 30 seconds, for an address and for a name alike. */
const limit = { burst: 10, everyMs: 30_000 };
/**
 * A failure beyond the limit is answered this long after it came, whatever its outcome, so that a flood does not learn
 * from the time whether an account of that name exists.
 */
const slowAnswerMs = 3_000;
/** Only administrators make them. */
const maxAccounts = 1_000;
const maxTokens = 1_000;
/** Answers that wait for this time; further ones are sent immediately. */
const maxSlowAnswers = 100;

/** Accounts of people and tokens of programs, and their authentication. */
export class Operators {
  readonly #deps: OperatorsDeps;
  readonly #accounts = new Map<string, AccountRecord>();
  readonly #tokens = new Map<string, TokenRecord>();
  readonly #failures: FailedProofs;
  readonly #passwords: PasswordJudge;
  /** Hashes of the expired tokens that have been announced. */
  readonly #expired = new Set<string>();
  #slowAnswers = 0;
  #firstLoginHash: string | undefined;

  constructor(deps: OperatorsDeps) {
    this.#deps = deps;
    this.#failures = new FailedProofs(deps.clock, limit);
    this.#passwords = new PasswordJudge({ clock: deps.clock, holds: passwordHolds });
  }

  async load(): Promise<void> {
    for (const account of await this.#deps.store.loadAccounts()) this.#accounts.set(account.name, account);
    for (const token of await this.#deps.store.loadTokens()) this.#tokens.set(token.hash, token);
  }

  /** Passwords not judged because too many waited. */
  get unjudged(): number {
    return this.#passwords.counters.unjudged;
  }

  /** A code that makes the first admin, once; undefined when there is an account already. */
  openFirstLogin(): string | undefined {
    if (this.#accounts.size > 0) return undefined;
    const code = randomBytes(24).toString('base64url');
    this.#firstLoginHash = hashToken(code);
    return code;
  }

  /** Trades the code for the first admin's account. */
  async firstLogin(code: string, name: string, password: string, address: string): Promise<Login> {
    if (this.#firstLoginHash === undefined || hashToken(code) !== this.#firstLoginHash) {
      return this.#failed({ ...attempt(address), action: 'first-login', subject: name }, address);
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

  /** A person's name and password. @param address of the network the request comes from */
  async login(name: string, password: string, address: string, origin: Origin = 'http'): Promise<Login> {
    const { audit, clock } = this.#deps;
    const cameAt = clock.monotonic();
    const stored = this.#accounts.get(name)?.passwordHash;
    const judgement = await this.#passwords.judge({ name, password, stored, network: address });
    // The account may have been removed, or its password changed, in the meantime.
    if (judgement !== 'right' || this.#accounts.get(name)?.passwordHash !== stored) {
      const event = { ...attempt(address, origin), action: 'login', subject: name } as const;
      const failed = this.#failed(event, address, name);
      if (judgement !== 'unjudged' && failed.kind === 'denied') return failed;
      await this.#slowly(cameAt);
      return failed.kind === 'throttled' ? failed : throttled(slowAnswerMs);
    }
    const operator = this.#operatorOf(name);
    const details = { address };
    const { actor } = operator;
    await audit.record({ actor, origin, action: 'login', subject: name, details, outcome: 'done' });
    return { kind: 'operator', operator };
  }

  /** A screen that shows the console shows what a viewer's token may see. @param address as for `login` */
  async screenLogin(token: string, address: string): Promise<Login> {
    const operator = this.byToken(token);
    const action = 'screen-login';
    if (operator === undefined) return this.#failed({ ...attempt(address), action, subject: '' }, address);
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

  /** Only failures are slowed down: the right proof is accepted, however many others fail. */
  #failed(event: Omit<AuditEvent, 'outcome'>, address: string, name?: string): Login {
    const sources = [`address ${address}`, ...(name === undefined ? [] : [`name ${name.slice(0, 128)}`])];
    const waitMs = this.#failures.failed(...sources);
    this.#deps.audit.refused(address, waitMs === 0 ? event : { ...event, details: { reason: 'throttled' } });
    return waitMs === 0 ? { kind: 'denied' } : throttled(waitMs);
  }

  async #slowly(cameAt: number): Promise<void> {
    const { clock } = this.#deps;
    if (this.#slowAnswers >= maxSlowAnswers) return;
    this.#slowAnswers += 1;
    await new Promise<void>((resolve) => {
      clock.after(Math.max(0, cameAt + slowAnswerMs - clock.monotonic()), resolve);
    });
    this.#slowAnswers -= 1;
  }

  /** A program's token; undefined when there is none such, or it has ended. Looked up by hash, so in constant time. */
  byToken(token: string): Operator | undefined {
    return this.#byRecord(this.#tokens.get(hashToken(token)));
  }

  #byRecord(record: TokenRecord | undefined): Operator | undefined {
    if (record === undefined || (record.notAfterMs ?? Infinity) <= this.#deps.clock.now()) return undefined;
    const { role, devices, safety } = record;
    return { actor: `token:${record.name}`, role, devices, safety };
  }

  #tokenOf(actor: string): TokenRecord | undefined {
    const name = nameOf(actor, 'token');
    return name === undefined ? undefined : [...this.#tokens.values()].find((token) => token.name === name);
  }

  /** Ends what is open with a token that is over by now, once for each. To be called every second or so. */
  closeExpired(): void {
    for (const { hash, name, notAfterMs = Infinity } of this.#tokens.values()) {
      if (notAfterMs > this.#deps.clock.now() || this.#expired.has(hash)) continue;
      this.#expired.add(hash);
      this.#deps.changed(`token:${name}`);
    }
  }

  /** The account or token as it is now; undefined once it is gone. */
  byActor(actor: string): Operator | undefined {
    const name = nameOf(actor, 'operator');
    if (name !== undefined) return this.#accounts.has(name) ? this.#operatorOf(name) : undefined;
    return this.#byRecord(this.#tokenOf(actor));
  }

  /**
   * Changes with the password or the rights of the account, or with the token: a stored session ends with them, even when
   * the hub died before that was written. Undefined once they are gone.
   */
  grantOf(actor: string): string | undefined {
    const account = this.#accounts.get(nameOf(actor, 'operator') ?? '');
    if (account === undefined) return this.#tokenOf(actor)?.hash;
    const { passwordHash, role, devices, safety } = account;
    return hashToken(JSON.stringify([passwordHash, role, devices, safety]));
  }

  listAccounts(): Account[] {
    return [...this.#accounts.values()].map((account) => {
      const { passwordHash: _, ...rest } = account;
      return rest;
    });
  }

  listTokens(): Token[] {
    return [...this.#tokens.values()].map((token) => {
      const { hash: _, ...rest } = token;
      return rest;
    });
  }

  /**
   * Adds an account, or changes it; its sessions end.
   * @param password undefined: stays as it is
   * @throws HubError `input-invalid`
   */
  async saveAccount(name: string, rights: Rights, password?: string): Promise<void> {
    const known = this.#accounts.get(name);
    if (password === undefined && known === undefined) throw invalid('password', 'given for a new account');
    if (password !== undefined && (password.length < 12 || password.length > 1_024)) {
      throw invalid('password', '12 to 1,024 characters');
    }
    if (rights.role !== 'admin') this.#keepAnAdmin(name);
    if (known === undefined) demandPlace(this.#accounts.size, { things: 'accounts', room: maxAccounts });
    const passwordHash = password === undefined ? (known?.passwordHash ?? '') : await hashPassword(password);
    const account = { name, ...rights, passwordHash, createdMs: known?.createdMs ?? this.#deps.clock.now() };
    await this.#deps.store.saveAccount(account);
    if (known !== undefined && passwordHash !== known.passwordHash)
      this.#passwords.forget(known.passwordHash);
    this.#accounts.set(name, account);
    this.#firstLoginHash = undefined;
    this.#deps.changed(`operator:${name}`);
  }

  /** @throws HubError `operator-unknown` · `input-invalid` for the last admin */
  async removeAccount(name: string): Promise<void> {
    const account = this.#accounts.get(name);
    if (account === undefined) throw new HubError('operator-unknown', name, { details: { name } });
    this.#keepAnAdmin(name);
    await this.#deps.store.removeAccount(name);
    this.#accounts.delete(name);
    this.#passwords.forget(account.passwordHash);
    this.#deps.changed(`operator:${name}`);
  }

  /** @returns the token, shown this once @throws HubError `input-invalid` when the name is taken */
  async addToken(name: string, rights: Rights, notAfterMs?: number): Promise<string> {
    if (this.listTokens().some((token) => token.name === name))
      throw invalid('name', 'a name that no other token has');
    demandPlace(this.#tokens.size, { things: 'API tokens', room: maxTokens });
    if (notAfterMs !== undefined && notAfterMs <= this.#deps.clock.now())
      throw invalid('notAfterMs', 'a time to come, in Unix ms');
    const token = newToken();
    const record = {
      name,
      ...rights,
      hash: hashToken(token),
      createdMs: this.#deps.clock.now(),
      ...(notAfterMs === undefined ? {} : { notAfterMs }),
    };
    await this.#deps.store.saveToken(record);
    this.#tokens.set(record.hash, record);
    return token;
  }

  /** @throws HubError `operator-unknown` */
  async removeToken(name: string): Promise<void> {
    const record = this.#tokenOf(`token:${name}`);
    if (record === undefined) throw new HubError('operator-unknown', name, { details: { name } });
    await this.#deps.store.removeToken(name);
    this.#tokens.delete(record.hash);
    this.#expired.delete(record.hash);
    this.#deps.changed(`token:${name}`);
  }

  #operatorOf(name: string): Operator {
    const account = this.#accounts.get(name);
    if (account === undefined) throw new HubError('operator-unknown', name);
    const { role, devices, safety } = account;
    return { actor: `operator:${name}`, role, devices, safety };
  }

  /** Without an admin nobody could make one but at the machine itself. */
  #keepAnAdmin(name: string): void {
    const admins = this.listAccounts().filter(({ role }) => role === 'admin');
    if (admins.length === 1 && admins[0]?.name === name)
      throw invalid('name', 'an account other than the last admin');
  }
}

/** The name of an actor of this kind, such as `operator:anna`; undefined for one of another kind. */
function nameOf(actor: string, kind: 'operator' | 'token'): string | undefined {
  return actor.startsWith(`${kind}:`) ? actor.slice(kind.length + 1) : undefined;
}

function attempt(address: string, origin: Origin = 'http'): Requester {
  return { actor: `address:${address}`, origin };
}

function throttled(waitMs: number): Login {
  return { kind: 'throttled', retryAfterSec: Math.ceil(waitMs / 1000) };
}

function invalid(name: string, rule: string): HubError {
  return new HubError('input-invalid', `${name} must be ${rule}`, { details: { name } });
}
