import type { Cancel, Clock } from '../../schemas/time/clock.ts';

/** Who is behind a session: a boot of some device at some address. */
export interface Claimant {
  boot: string;
  address: string;
}

export type CloneVerdict =
  | { kind: 'admit' }
  /** Refused for now. `both`: the open session is closed as well. */
  | { kind: 'hold'; retryAfterMs: number; both: boolean };

export interface CloneGuardDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Two devices have begun to fight for an id, or have stopped. */
  alarm: (deviceId: string, raised: boolean) => void;
}

interface Fight {
  /** Claimants that were pushed out recently, newest last. */
  displaced: (Claimant & { atMs: number })[];
  /** Returns of a claimant that had been pushed out: weight and time. */
  returns: { weight: number; atMs: number }[];
  alarm?: {
    holdMs: number;
    /** Nobody is admitted before this time. */
    closedUntilMs: number;
    /** Whoever was admitted keeps the session until this time. */
    keptUntilMs: number;
    lastAtMs: number;
  };
}

const windowMs = 600_000;
/** A boot never comes back, so two returns prove two devices; one boot may wander between two addresses. */
const alarmWeight = 2;
const bootWeight = 1;
const addressWeight = 0.5;
const firstHoldMs = 10_000;
const longestHoldMs = 300_000;
/** The alarm ends after this long without a further fight. */
const clearAfterMs = 1_800_000;
const sweepMs = 60_000;

/**
 * Finds two devices that use one credential and push each other out in turn, and makes both wait. Whoever is admitted
 * after the wait keeps the session for as long again. So the owner gets its turns and is never locked out permanently.
 */
export class CloneGuard {
  readonly #deps: CloneGuardDeps;
  readonly #fights = new Map<string, Fight>();
  #stop: Cancel = () => undefined;
  /** Sessions that have to wait. */
  held = 0;

  constructor(deps: CloneGuardDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stop = this.#deps.clock.every(sweepMs, () => this.#sweep());
  }

  close(): void {
    this.#stop();
  }

  /** Two devices fought for the id before a restart. The first to connect gets the session, and keeps it for a while. */
  resume(deviceId: string): void {
    const nowMs = this.#deps.clock.now();
    const alarm = { holdMs: firstHoldMs, closedUntilMs: nowMs, keptUntilMs: 0, lastAtMs: nowMs };
    this.#fights.set(deviceId, { displaced: [], returns: [], alarm });
  }

  /** A valid hello has arrived. @param incumbent the owner of the current session */
  judge(deviceId: string, newcomer: Claimant, incumbent: Claimant | undefined): CloneVerdict {
    const fight = this.#fights.get(deviceId);
    if (incumbent === undefined && fight === undefined) return { kind: 'admit' };
    if (incumbent !== undefined && same(newcomer, incumbent)) return { kind: 'admit' };
    const verdict = this.#fought(deviceId, fight ?? { displaced: [], returns: [] }, newcomer, incumbent);
    if (verdict.kind === 'hold') this.held += 1;
    return verdict;
  }

  /** Ends alarms and waits whose time has passed. */
  #sweep(): void {
    const nowMs = this.#deps.clock.now();
    for (const [deviceId, fight] of this.#fights) {
      if (fight.alarm !== undefined && nowMs - fight.alarm.lastAtMs > clearAfterMs) {
        delete fight.alarm;
        fight.returns = [];
        this.#deps.alarm(deviceId, false);
      }
      forgetOld(fight, nowMs);
      if (fight.alarm === undefined && fight.displaced.length === 0) this.#fights.delete(deviceId);
    }
  }

  removed(deviceId: string): void {
    const fight = this.#fights.get(deviceId);
    this.#fights.delete(deviceId);
    if (fight?.alarm !== undefined) this.#deps.alarm(deviceId, false);
  }

  #fought(deviceId: string, fight: Fight, newcomer: Claimant, incumbent: Claimant | undefined): CloneVerdict {
    const nowMs = this.#deps.clock.now();
    const { alarm } = fight;
    if (alarm !== undefined) return this.#underAlarm(alarm, incumbent, nowMs);
    if (incumbent === undefined) return { kind: 'admit' };
    forgetOld(fight, nowMs);
    const before = fight.displaced.findLast((claimant) => same(claimant, newcomer));
    if (before !== undefined) {
      const weight = newcomer.boot === incumbent.boot ? addressWeight : bootWeight;
      fight.returns.push({ weight, atMs: nowMs });
    }
    fight.displaced.push({ boot: incumbent.boot, address: incumbent.address, atMs: nowMs });
    this.#fights.set(deviceId, fight);
    if (fight.returns.reduce((sum, { weight }) => sum + weight, 0) < alarmWeight) return { kind: 'admit' };
    fight.alarm = {
      holdMs: firstHoldMs,
      closedUntilMs: nowMs + firstHoldMs,
      keptUntilMs: 0,
      lastAtMs: nowMs,
    };
    this.#deps.alarm(deviceId, true);
    return this.#hold(firstHoldMs, true);
  }

  #underAlarm(
    alarm: NonNullable<Fight['alarm']>,
    incumbent: Claimant | undefined,
    nowMs: number,
  ): CloneVerdict {
    if (nowMs < alarm.closedUntilMs) return this.#hold(alarm.closedUntilMs - nowMs, false);
    if (incumbent !== undefined) {
      alarm.lastAtMs = nowMs;
      if (nowMs < alarm.keptUntilMs) return this.#hold(alarm.keptUntilMs - nowMs, false);
      alarm.holdMs = Math.min(alarm.holdMs * 2, longestHoldMs);
    }
    alarm.keptUntilMs = nowMs + alarm.holdMs;
    return { kind: 'admit' };
  }

  /** The wait is random, so that each of the two is first sometimes. */
  #hold(leftMs: number, both: boolean): CloneVerdict {
    return { kind: 'hold', retryAfterMs: Math.round(leftMs * (1 + this.#deps.random())), both };
  }
}

function same(a: Claimant, b: Claimant): boolean {
  return a.boot === b.boot && a.address === b.address;
}

function forgetOld(fight: Fight, nowMs: number): void {
  fight.displaced = fight.displaced.filter(({ atMs }) => nowMs - atMs < windowMs).slice(-8);
  fight.returns = fight.returns.filter(({ atMs }) => nowMs - atMs < windowMs);
}

/** @returns a guard that checks for ended alarms by itself, until it is closed */
export function startCloneGuard(deps: CloneGuardDeps): CloneGuard {
  const started = new CloneGuard(deps);
  started.start();
  return started;
}
