import type { Requester } from '../../schemas/api/requester.ts';
import type { Auditor } from '../audit/audit.ts';
import { AttemptLimit } from '../kernel/attempt-limit.ts';
import type { Clock } from '../kernel/time.ts';

import { parseBasic } from '../registry/credentials.ts';
import type { Authentication, Proof } from './principal.ts';
import type { Registry } from '../registry/registry.ts';

/** What the door says to a connection: who it is, or why not. */
export type DoorAnswer = Authentication | { kind: 'throttled'; retryAfterSec: number };

/** Ten failures at once, then one every six seconds, for an address and for an id alike. */
const limit = { burst: 10, everyMs: 6_000 };

export interface DoorDeps {
  registry: Pick<Registry, 'authenticate' | 'get'>;
  clock: Clock;
  audit: Auditor;
}

/**
 * The one way in for devices: slows down guessing per address and per id, and keeps record of refusals. A device
 * that comes from the address of its last success is never slowed, so that a stranger who guesses at its id, or
 * a broken neighbour behind the same address, does not lock it out.
 */
export class Door {
  readonly #deps: DoorDeps;
  readonly #byAddress: AttemptLimit;
  readonly #byId: AttemptLimit;
  /** The address of each device's last success; only registered devices get in here. */
  readonly #lastAddress = new Map<string, string>();

  constructor(deps: DoorDeps) {
    this.#deps = deps;
    this.#byAddress = new AttemptLimit(deps.clock, limit);
    this.#byId = new AttemptLimit(deps.clock, limit);
  }

  /** @param address of the network the connection comes from; see `networkOf`. */
  admit(proof: Proof, address: string): DoorAnswer {
    const { registry, audit } = this.#deps;
    const claimed = parseBasic(proof.authorization)?.id.slice(0, 128);
    if (claimed === undefined || this.#lastAddress.get(claimed) !== address) {
      const waitMs = Math.max(
        this.#byAddress.waitMs(address),
        claimed === undefined ? 0 : this.#byId.waitMs(claimed),
      );
      if (waitMs > 0) {
        const subject = claimed ?? '';
        audit.refused(address, { ...refusal(address), subject, details: { reason: 'throttled' } });
        return { kind: 'throttled', retryAfterSec: Math.ceil(waitMs / 1000) };
      }
    }
    const judged = registry.authenticate(proof);
    if (judged.kind === 'device') {
      this.#lastAddress.set(judged.record.id, address);
      return judged;
    }
    const id = judged.kind === 'denied' ? (judged.claimedId?.slice(0, 128) ?? '') : judged.record.id;
    audit.refused(address, { ...refusal(address), subject: id, details: { reason: judged.kind } });
    if (judged.kind === 'denied') {
      this.#byAddress.failed(address);
      if (id !== '') this.#byId.failed(id);
    }
    return judged;
  }

  /** The device is gone: what is kept of it goes too. */
  forget(deviceId: string): void {
    this.#lastAddress.delete(deviceId);
  }
}

function refusal(address: string): Requester & { action: string } {
  return { actor: `address:${address}`, origin: 'device', action: 'connect' };
}
