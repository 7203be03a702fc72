import type { Operator } from '../../schemas/api/operators.ts';
import type { Origin, Requester } from '../../schemas/api/requester.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { AuditEvent, Auditor } from '../audit/audit.ts';
import { FailedProofs } from '../kernel/failed-proofs.ts';

/** How a login ended. */
export type Login =
  | { kind: 'operator'; operator: Operator }
  /** Unknown name or wrong password: one answer, one cost. */
  | { kind: 'denied' }
  /** The password is right, and the account asks for a code too. */
  | { kind: 'code-needed' }
  | { kind: 'throttled'; retryAfterSec: number };

export type Denial = Extract<Login, { kind: 'denied' | 'throttled' }>;

/** A burst of ten failures, then one every 30 seconds, for an address and for a name alike. */
const limit = { burst: 10, everyMs: 30_000 };
/**
 * A failure beyond the limit is answered this long after it came, whatever its outcome, so that a flood does not learn
 * from the time whether an account of that name exists.
 */
const slowAnswerMs = 3_000;
/** Answers that wait for this time; further ones are sent immediately. */
const maxSlowAnswers = 100;

/** Only failures are slowed down: the right proof is accepted, however many others fail. */
export class FailedLogins {
  readonly #clock: Clock;
  readonly #audit: Auditor;
  readonly #proofs: FailedProofs;
  #slowAnswers = 0;

  constructor({ clock, audit }: { clock: Clock; audit: Auditor }) {
    this.#clock = clock;
    this.#audit = audit;
    this.#proofs = new FailedProofs(clock, limit);
  }

  /** One more. @param name of the account that was tried; not given: none was */
  failed(event: Omit<AuditEvent, 'outcome'>, address: string, name?: string): Denial {
    const sources = [`address ${address}`, ...(name === undefined ? [] : [`name ${name.slice(0, 128)}`])];
    const waitMs = this.#proofs.failed(...sources);
    this.#audit.refused(address, waitMs === 0 ? event : { ...event, details: { reason: 'throttled' } });
    return waitMs === 0 ? { kind: 'denied' } : throttled(waitMs);
  }

  /** The answer to one beyond the limit, or to one whose password was not judged. @param cameAt monotonic, ms */
  async answerSlowly(failed: Denial, cameAt: number): Promise<Denial> {
    await this.#slowly(cameAt);
    return failed.kind === 'throttled' ? failed : throttled(slowAnswerMs);
  }

  async #slowly(cameAt: number): Promise<void> {
    if (this.#slowAnswers >= maxSlowAnswers) return;
    this.#slowAnswers += 1;
    await new Promise<void>((resolve) => {
      this.#clock.after(Math.max(0, cameAt + slowAnswerMs - this.#clock.monotonic()), resolve);
    });
    this.#slowAnswers -= 1;
  }
}

/** Who tries to sign in, as the audit names him: by his address. */
export function attempt(address: string, origin: Origin = 'http'): Requester {
  return { actor: `address:${address}`, origin };
}

export function throttled(waitMs: number): Denial {
  return { kind: 'throttled', retryAfterSec: Math.ceil(waitMs / 1000) };
}
