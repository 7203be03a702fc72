import { isDeepStrictEqual } from 'node:util';
import type { Operator, Rights, Token } from '../../schemas/api/operators.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { HubError } from '../kernel/errors.ts';
import { demandPlace } from '../kernel/share.ts';
import { nameOf } from './actor-name.ts';
import type { OperatorStore, TokenRecord } from './operator-store.ts';
import { hashToken, newToken } from './passwords.ts';
import { invalidMember } from './proof-faults.ts';

interface ApiTokensDeps {
  store: Pick<OperatorStore, 'loadTokens' | 'addToken' | 'removeToken'>;
  clock: Clock;
  /** The rights of this token changed or ended: what it has open ends too. */
  changed: (actor: string) => void;
}

/** Only administrators make them. */
const maxTokens = 1_000;

/** Tokens of programs. */
export class ApiTokens {
  readonly #deps: ApiTokensDeps;
  /** By hash. */
  #tokens = new Map<string, TokenRecord>();
  /** Changes that were begun or ended here. */
  #writes = 0;
  /** Hashes of the expired tokens that have been announced. */
  readonly #expired = new Set<string>();

  constructor(deps: ApiTokensDeps) {
    this.#deps = deps;
  }

  /** @throws HubError `database-failed` */
  async load(): Promise<void> {
    this.#tokens = await this.#read();
  }

  /** As `refresh` of the accounts. @throws HubError `database-failed` */
  async refresh(): Promise<void> {
    const writes = this.#writes;
    const tokens = await this.#read();
    // Changed here in the meantime: the next look sees both.
    if (this.#writes !== writes) return;
    const before = this.#tokens;
    this.#tokens = tokens;
    for (const [hash, token] of before)
      if (!isDeepStrictEqual(tokens.get(hash), token)) this.#deps.changed(`token:${token.name}`);
  }

  async #read(): Promise<Map<string, TokenRecord>> {
    return new Map((await this.#deps.store.loadTokens()).map((token) => [token.hash, token]));
  }

  /** Who has this token; undefined when there is none such, or it has ended. Looked up by hash, so in constant time. */
  byToken(token: string): Operator | undefined {
    return this.#byRecord(this.#tokens.get(hashToken(token)));
  }

  byActor(actor: string): Operator | undefined {
    return this.#byRecord(this.#tokenOf(actor));
  }

  /** As of `Operators`. */
  grantOf(actor: string): string | undefined {
    return this.#tokenOf(actor)?.hash;
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

  list(): Token[] {
    return [...this.#tokens.values()].map((token) => {
      const { hash: _, ...rest } = token;
      return rest;
    });
  }

  /** @returns the token, shown this once @throws HubError `input-invalid` when the name is taken */
  async add(name: string, rights: Rights, notAfterMs?: number): Promise<string> {
    const { clock, store } = this.#deps;
    if (this.#tokenOf(`token:${name}`) !== undefined) throw nameTaken();
    demandPlace(this.#tokens.size, { things: 'API tokens', room: maxTokens });
    if (notAfterMs !== undefined && notAfterMs <= clock.now())
      throw invalidMember('notAfterMs', 'a time to come, in Unix ms');
    const token = newToken();
    const record = {
      name,
      ...rights,
      hash: hashToken(token),
      createdMs: clock.now(),
      ...(notAfterMs === undefined ? {} : { notAfterMs }),
    };
    this.#writes += 1;
    // Another hub may have made one of this name in the meantime.
    if (!(await store.addToken(record))) throw nameTaken();
    this.#writes += 1;
    this.#tokens.set(record.hash, record);
    return token;
  }

  /** @throws HubError `operator-unknown` */
  async remove(name: string): Promise<void> {
    const record = this.#tokenOf(`token:${name}`);
    if (record === undefined) throw new HubError('operator-unknown', name, { details: { name } });
    this.#writes += 1;
    await this.#deps.store.removeToken(name);
    this.#writes += 1;
    this.#tokens.delete(record.hash);
    this.#expired.delete(record.hash);
    this.#deps.changed(`token:${name}`);
  }
}

function nameTaken(): HubError {
  return invalidMember('name', 'a name that no other token has');
}
