/** Who a client of the embedded broker is, and what it may publish and read. */

import type { AuthenticateError, Client } from 'aedes';
import type { Operator } from '../../../schemas/api/operators.ts';

/** What the broker asks about its clients; the rules belong to the operators. */
export interface BrokerAccess {
  /** @param username undefined: none was given @param address of the client */
  signIn(username: string | undefined, password: string, address: string): Promise<Operator | undefined>;
  /** A request topic (`command/`, `group-command/`, `cancel/` below the root). */
  mayRequest(operator: Operator, topic: string): boolean;
  /** The request is beyond the operator's rights, or beyond anybody's. */
  requestRefused(operator: Operator, topic: string): void;
  mayRead(operator: Operator, filter: string): boolean;
  /** Checks a granted subscription again: the id may belong to another device by now, at another site. */
  mayReceive(operator: Operator, topic: string): boolean;
}

/** The operators behind the clients. */
export class BrokerClients {
  readonly #access: BrokerAccess;
  readonly #operators = new Map<Client, Operator>();

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
        this.#operators.set(client, operator);
        client.conn.once('close', () => this.#operators.delete(client));
        return done(null, true);
      },
      () => done(refusal(), false),
    );
  }

  mayRequest(client: Client, topic: string): boolean {
    const operator = this.#operators.get(client);
    if (operator === undefined) return false;
    if (this.#access.mayRequest(operator, topic)) return true;
    this.#access.requestRefused(operator, topic);
    return false;
  }

  /** Records an attempt to publish where nobody may. */
  refuse(client: Client, topic: string): void {
    const operator = this.#operators.get(client);
    if (operator !== undefined) this.#access.requestRefused(operator, topic);
  }

  /** Who the client is, as in the audit. */
  actorOf(client: Client): string | undefined {
    return this.#operators.get(client)?.actor;
  }

  mayRead(client: Client, filter: string): boolean {
    const operator = this.#operators.get(client);
    return operator !== undefined && this.#access.mayRead(operator, filter);
  }

  mayReceive(client: Client, topic: string): boolean {
    const operator = this.#operators.get(client);
    return operator !== undefined && this.#access.mayReceive(operator, topic);
  }

  /** The rights of this account or token have changed: its clients sign in again. */
  signOut(actor: string): void {
    for (const [client, operator] of this.#operators) if (operator.actor === actor) client.close();
  }
}

function refusal(): AuthenticateError {
  // MQTT 3.1.1 §3.2.2.3: 4 is a bad user name or password.
  return Object.assign(new Error('the user name or the password is wrong'), { returnCode: 4 });
}
