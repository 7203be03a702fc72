import { cutText } from '../../schemas/cut-text.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { Auditor } from '../audit/audit.ts';
import { FailedProofs } from '../kernel/failed-proofs.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Registry } from '../registry/registry.ts';
import { claimOf, judgeClaim, type Authentication, type Proof } from './principal.ts';
import type { Rotation } from './rotation.ts';

/** Who a connection is, or why it is not let in. */
export type Admittance =
  | Authentication
  /** It went on sending far over its rate. */
  | { kind: 'shut-out'; deviceId: string; retryAfterSec: number }
  /** The proof is wrong, and so were too many before it, of its address or its id. */
  | { kind: 'throttled'; retryAfterSec: number };

/** A burst of ten failures, then one every six seconds, for an address and for an id alike. */
const limit = { burst: 10, everyMs: 6_000 };

export interface AuthenticatorDeps {
  registry: Pick<Registry, 'find'>;
  rotation: Pick<Rotation, 'credentialUsed'>;
  sessions: {
    /** For how long the device is refused because it abused its rate, ms; 0 or less: it is not. */
    shutOutMs(deviceId: string): number;
  };
  clock: Clock;
  audit: Auditor;
}

/** Decides who a connecting device is, slows down guessing, and records refusals. */
export class Authenticator {
  readonly #deps: AuthenticatorDeps;
  readonly #failures: FailedProofs;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
    this.#failures = new FailedProofs(deps.clock, limit);
  }

  /**
   * @param address of the network the connection comes from; see `networkOf`.
   * @throws HubError `database-failed` when the record of the device cannot be read
   */
  async admit(proof: Proof, address: string): Promise<Admittance> {
    const judged = await this.#judge(proof);
    switch (judged.kind) {
      case 'device':
        return judged;
      case 'denied':
        return this.#denied(judged, address);
      case 'disabled':
        this.#refused(address, judged.record.id, judged.kind);
        return judged;
      case 'shut-out':
        this.#refused(address, judged.deviceId, judged.kind);
        return judged;
    }
  }

  #denied(judged: Extract<Authentication, { kind: 'denied' }>, address: string): Admittance {
    const id = cutText(judged.claimedId ?? '', 128);
    const sources = [`address ${address}`, ...(id === '' ? [] : [`id ${id}`])];
    const waitMs = this.#failures.failed(...sources);
    this.#refused(address, id, waitMs > 0 ? 'throttled' : judged.kind);
    return waitMs > 0 ? { kind: 'throttled', retryAfterSec: Math.ceil(waitMs / 1000) } : judged;
  }

  async #judge(proof: Proof): Promise<Authentication | Extract<Admittance, { kind: 'shut-out' }>> {
    const { registry, rotation, sessions, clock } = this.#deps;
    const nowMs = clock.now();
    const claim = claimOf(proof, nowMs);
    const named = claim.deviceId === undefined ? undefined : await registry.find(claim.deviceId);
    const judged = judgeClaim(claim, named, nowMs);
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
