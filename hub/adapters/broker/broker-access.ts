/** Who a client of the embedded broker is, and what it may publish and read. */

import type { AuthenticateError, Client } from 'aedes';
import type { Operator } from '../../../schemas/api/operators.ts';

/** The broker's questions about its clients. The operators have the rules. */
export interface BrokerAccess {
  /** @param username undefined: none was given @param address of the client */
  signIn(username: string | undefined, password: string, address: string): Promise<Operator | undefined>;
  /** Whether the operator may publish to this request topic (`command/`, `group-command/`, `cancel/` below the root). */
  mayRequest(operator: Operator, topic: string): boolean;
  /** The operator, or any client, lacks the right for this request. */
  requestRefused(operator: Operator, topic: string): void;
  mayRead(operator: Operator, filter: string): boolean;
  /** Checks a granted subscription again: the id may belong to another device, at another site, by now. */
  mayReceive(operator: Operator, topic: string): boolean;
}

/** The share of one account or token: its connections, and the filters of all of them. */
const maxConnectionsOfActor = 250;
const maxFiltersOfActor = 2_000;
/** Filters of one connection. */
const maxFilters = 500;

interface SignedIn {
  operator: Operator;
  filters: Set<string>;
}

/** The operators behind the clients. */
export class BrokerClients {
  readonly refusals = { connections: 0, filters: 0 };
  readonly #access: BrokerAccess;
  readonly #clients = new Map<Client, SignedIn>();

  constructor(access: BrokerAccess) {
    this.#access = access;
  }

  signIn(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    done: (error: AuthenticateError | null, ok: boolean | null) => void,
  ): void {
    const { remoteAddress } = client.conn as { remoteAddress?: string };
    this.#access.signIn(username, password?.toString() ?? '', remoteAddress ?? '').then(
      (operator) => {
        if (operator === undefined) return done(refusal(), false);
        if (this.#of(operator.actor).length >= maxConnectionsOfActor) {
          this.refusals.connections += 1;
          return done(unavailable(), false);
        }
        this.#clients.set(client, { operator, filters: new Set() });
        client.conn.once('close', () => this.#clients.delete(client));
        return done(null, true);
      },
      () => done(refusal(), false),
    );
  }

  mayRequest(client: Client, topic: string): boolean {
    const operator = this.#clients.get(client)?.operator;
    if (operator === undefined) return false;
    if (this.#access.mayRequest(operator, topic)) return true;
    this.#access.requestRefused(operator, topic);
    return false;
  }

  /** Records an attempt to publish where nobody may. */
  refuse(client: Client, topic: string): void {
    const operator = this.#clients.get(client)?.operator;
    if (operator !== undefined) this.#access.requestRefused(operator, topic);
  }

  /** Who the client is, as in the audit. */
  actorOf(client: Client): string | undefined {
    return this.#clients.get(client)?.operator.actor;
  }

  /** Whether the filter is granted: the operator has the right, and has not used up the share. */
  maySubscribe(client: Client, filter: string): boolean {
    const signedIn = this.#clients.get(client);
    if (signedIn === undefined || !this.#access.mayRead(signedIn.operator, filter)) return false;
    const { operator, filters } = signedIn;
    if (filters.has(filter)) return true;
    const ofActor = this.#of(operator.actor).reduce((sum, { filters: { size } }) => sum + size, 0);
    if (filters.size >= maxFilters || ofActor >= maxFiltersOfActor) {
      this.refusals.filters += 1;
      return false;
    }
    filters.add(filter);
    return true;
  }

  unsubscribed(client: Client, filters: readonly string[]): void {
    const signedIn = this.#clients.get(client);
    for (const filter of filters) signedIn?.filters.delete(filter);
  }

  mayReceive(client: Client, topic: string): boolean {
    const operator = this.#clients.get(client)?.operator;
    return operator !== undefined && this.#access.mayReceive(operator, topic);
  }

  /** The rights of this account or token have changed: its clients sign in again. */
  signOut(actor: string): void {
    for (const [client, { operator }] of this.#clients) if (operator.actor === actor) client.close();
  }

  #of(actor: string): SignedIn[] {
    return [...this.#clients.values()].filter(({ operator }) => operator.actor === actor);
  }
}

function refusal(): AuthenticateError {
  // MQTT 3.1.1 §3.2.2.3: 4 is a bad user name or password.
  return Object.assign(new Error('the user name or the password is wrong'), { returnCode: 4 });
}

function unavailable(): AuthenticateError {
  // MQTT 3.1.1 §3.2.2.3: 3 is a server that is not available.
  return Object.assign(new Error('this operator has too many connections'), { returnCode: 3 });
}
