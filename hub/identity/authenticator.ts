import type { Requester } from '../../schemas/api/requester.ts';
import type { Auditor } from '../audit/audit.ts';
import { AttemptLimit } from '../kernel/attempt-limit.ts';
import type { Clock } from '../kernel/time.ts';
import { parseBasic } from '../registry/credentials.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { Registry } from '../registry/registry.ts';
import { authenticate, type Authentication, type Proof } from './principal.ts';
import type { Rotation } from './rotation.ts';

/** Who a connection is, or why it is not let in. */
export type Admittance =
  | Authentication
  /** It went on sending far over its rate. */
  | { kind: 'shut-out'; deviceId: string; retryAfterSec: number }
  /** Too many failures of its address or its id. */
  | { kind: 'throttled'; retryAfterSec: number };

/** Ten failures at once, then one every six seconds, for an address and for an id alike. */
const limit = { burst: 10, everyMs: 6_000 };

export interface AuthenticatorDeps {
  registry: Pick<Registry, 'get'>;
  rotation: Pick<Rotation, 'credentialUsed'>;
  sessions: {
    /** For how long the device is refused because it abused its rate, ms; 0 or less: it is not. */
    shutOutMs(deviceId: string): number;
  };
  clock: Clock;
  audit: Auditor;
}

/**
 * Decides who a connecting device is: slows down guessing per address and per id, and keeps a record of refusals.
 * A device that comes from the address of its last success is never slowed, so that a stranger who guesses at its
 * id, or a broken neighbour behind the same address, does not lock it out.
 */
export class Authenticator implements DeviceFollower {
  readonly #deps: AuthenticatorDeps;
  readonly #byAddress: AttemptLimit;
  readonly #byId: AttemptLimit;
  /** The address of each device's last success; only registered devices get in here. */
  readonly #lastAddress = new Map<string, string>();

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
    this.#byAddress = new AttemptLimit(deps.clock, limit);
    this.#byId = new AttemptLimit(deps.clock, limit);
  }

  /** @param address of the network the connection comes from; see `networkOf`. */
  admit(proof: Proof, address: string): Admittance {
    const claimed = parseBasic(proof.authorization)?.id.slice(0, 128);
    const waitMs = this.#waitMs(claimed, address);
    if (waitMs > 0) {
      this.#refused(address, claimed ?? '', 'throttled');
      return { kind: 'throttled', retryAfterSec: Math.ceil(waitMs / 1000) };
    }
    const judged = this.#judge(proof);
    switch (judged.kind) {
      case 'device':
        this.#lastAddress.set(judged.record.id, address);
        return judged;
      case 'denied': {
        const id = judged.claimedId?.slice(0, 128) ?? '';
        this.#refused(address, id, judged.kind);
        this.#byAddress.failed(address);
        if (id !== '') this.#byId.failed(id);
        return judged;
      }
      case 'disabled':
        this.#refused(address, judged.record.id, judged.kind);
        return judged;
      case 'shut-out':
        this.#refused(address, judged.deviceId, judged.kind);
        return judged;
    }
  }

  /** The registered device that a refused caller claims to be: for the events of that device, proven by nothing. */
  claimedDevice(authorization: string | undefined): string | undefined {
    const id = parseBasic(authorization)?.id;
    return id !== undefined && this.#deps.registry.get(id) !== undefined ? id : undefined;
  }

  removed(deviceId: string): void {
    this.#lastAddress.delete(deviceId);
  }

  #waitMs(claimed: string | undefined, address: string): number {
    if (claimed === undefined) return this.#byAddress.waitMs(address);
    if (this.#lastAddress.get(claimed) === address) return 0;
    return Math.max(this.#byAddress.waitMs(address), this.#byId.waitMs(claimed));
  }

  #judge(proof: Proof): Authentication | Extract<Admittance, { kind: 'shut-out' }> {
    const { registry, rotation, sessions, clock } = this.#deps;
    const judged = authenticate(proof, (id) => registry.get(id), clock.now());
    if (judged.kind !== 'device') return judged;
    const { record, principal } = judged;
    rotation.credentialUsed(record, principal.credentialId);
    const leftMs = sessions.shutOutMs(record.id);
    if (leftMs <= 0) return judged;
    return { kind: 'shut-out', deviceId: record.id, retryAfterSec: Math.ceil(leftMs / 1000) };
  }

  #refused(address: string, subject: string, reason: string): void {
    const requester: Requester = { actor: `address:${address}`, origin: 'device' };
    this.#deps.audit.refused(address, { ...requester, action: 'connect', subject, details: { reason } });
  }
}
