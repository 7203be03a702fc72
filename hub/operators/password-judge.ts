import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../schemas/time/clock.ts';

/** A name and a password that somebody sends. */
export interface Attempt {
  name: string;
  password: string;
  /** Of the account; undefined when there is none of this name. */
  stored: string | undefined;
  /** The network it comes from. */
  network: string;
}

/** `unjudged`: too many attempts wait, and none may delay the others. */
export type Judgement = 'right' | 'wrong' | 'unjudged';

/** Waiting attempts. Beyond this, the lane with most of them loses its oldest one. */
const maxWaiting = 16;
/** Wrong attempts remembered, so that repeating one costs nothing. */
const maxWrong = 10_000;

interface Waiting extends Attempt {
  proof: string;
  settle: (judgement: Judgement) => void;
}

/** The attempts for one name from one network. All unknown names count as one name. */
interface Lane {
  network: string;
  waiting: Waiting[];
}

export interface PasswordJudgeDeps {
  clock: Clock;
  /** Takes a core for 100 ms, and 64 MiB. */
  holds: (password: string, stored: string | undefined) => Promise<boolean>;
}

/**
 * Checks passwords. Their hash is slow on purpose, so wrong ones must not delay others. What is known to be right or wrong
 * is answered immediately; the rest takes turns, by network and by name. One password is checked at a time, and a wrong
 * one is followed by a pause of the same length, so that guessing costs at most half a core.
 */
export class PasswordJudge {
  readonly counters = { unjudged: 0 };
  readonly #deps: PasswordJudgeDeps;
  /** What is remembered about a password is useless outside this process. */
  readonly #key = randomBytes(32);
  /** The proofs found right, by the stored hash they are right for: one for each account. */
  readonly #right = new Map<string, string>();
  readonly #wrong = new Set<string>();
  /** In the order of their turns. */
  readonly #lanes = new Map<string, Lane>();
  #busy = false;

  constructor(deps: PasswordJudgeDeps) {
    this.#deps = deps;
  }

  judge(attempt: Attempt): Promise<Judgement> {
    const { name, password, stored = '' } = attempt;
    const proof = this.#proofOf(name, password, stored);
    if (stored !== '' && this.#right.get(stored) === proof) return Promise.resolve('right');
    if (this.#wrong.has(proof)) return Promise.resolve('wrong');
    return new Promise((settle) => {
      this.#enqueue({ ...attempt, proof, settle });
      this.#next();
    });
  }

  /** The password of an account is another now, or the account is gone. */
  forget(stored: string): void {
    this.#right.delete(stored);
  }

  #enqueue(waiting: Waiting): void {
    const { network, name, stored } = waiting;
    const key = JSON.stringify([network, stored === undefined ? '' : name]);
    const lane = this.#lanes.get(key) ?? { network, waiting: [] };
    lane.waiting.push(waiting);
    this.#lanes.set(key, lane);
    const count = [...this.#lanes.values()].reduce((sum, { waiting: of }) => sum + of.length, 0);
    if (count > maxWaiting) this.#dropOne();
  }

  /** The oldest of the longest lane, in the network that has most; of those alike, the last in turn. */
  #dropOne(): void {
    const ofNetwork = new Map<string, number>();
    for (const { network, waiting } of this.#lanes.values())
      ofNetwork.set(network, (ofNetwork.get(network) ?? 0) + waiting.length);
    const most = Math.max(...ofNetwork.values());
    const lanes = [...this.#lanes].filter(([, { network }]) => ofNetwork.get(network) === most);
    const longest = lanes.toSorted(([, one], [, other]) => one.waiting.length - other.waiting.length).at(-1);
    if (longest === undefined) return;
    const [key, lane] = longest;
    const dropped = lane.waiting.shift();
    if (lane.waiting.length === 0) this.#lanes.delete(key);
    this.counters.unjudged += 1;
    dropped?.settle('unjudged');
  }

  #next(): void {
    if (this.#busy) return;
    const taken = this.#take();
    if (taken === undefined) return;
    this.#busy = true;
    void this.#judgeOne(taken);
  }

  /** The next in turn: its network goes to the end, and its lane to the end of the network's. */
  #take(): Waiting | undefined {
    const [first] = this.#lanes;
    if (first === undefined) return undefined;
    const [key, lane] = first;
    const taken = lane.waiting.shift();
    const ofNetwork = [...this.#lanes].filter(([, { network }]) => network === lane.network);
    for (const [other, its] of ofNetwork) {
      if (other === key) continue;
      this.#lanes.delete(other);
      this.#lanes.set(other, its);
    }
    this.#lanes.delete(key);
    if (lane.waiting.length > 0) this.#lanes.set(key, lane);
    return taken;
  }

  async #judgeOne({ password, stored, proof, settle }: Waiting): Promise<void> {
    const { clock, holds } = this.#deps;
    const began = clock.monotonic();
    const goOn = (): void => {
      this.#busy = false;
      this.#next();
    };
    try {
      const right = await holds(password, stored);
      if (right && stored !== undefined) this.#right.set(stored, proof);
      if (!right) this.#rememberWrong(proof);
      settle(right ? 'right' : 'wrong');
      if (right) goOn();
      else clock.after(clock.monotonic() - began, goOn);
    } catch {
      // There is not enough memory for the hash now.
      this.counters.unjudged += 1;
      settle('unjudged');
      goOn();
    }
  }

  #rememberWrong(proof: string): void {
    this.#wrong.add(proof);
    const [oldest] = this.#wrong;
    if (this.#wrong.size > maxWrong && oldest !== undefined) this.#wrong.delete(oldest);
  }

  /** The stored hash is part of it: what was wrong for one password may be right for the next. */
  #proofOf(name: string, password: string, stored: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([name, password, stored]))
      .digest('base64');
  }
}
