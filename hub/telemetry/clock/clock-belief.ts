import type { ClockBounds, ClockVerdict } from './clock-witnesses.ts';

/** Both clocks of the machine at one moment. */
export interface Moment {
  /** Unix ms. */
  nowMs: number;
  /** Never steps. */
  monotonicMs: number;
}

export interface BeliefOptions extends ClockBounds {
  /** Unix ms: no clock that is right is before it. */
  releasedMs: number;
  /** Further ahead of what is known for sure the clock is more likely wrong, ms. */
  plausibleAheadMs: number;
}

interface Doubt {
  /**
   * `reckoned`: the other time is what the clock showed, plus the time passed since. `seen`: the right time is
   * that or later. `reported`: by others.
   */
  by: 'reckoned' | 'seen' | 'reported';
  /** The other time less the monotonic clock, ms. */
  otherMs: number;
  sinceMs: number;
  words?: string;
}

/** A clock may be slewed, or read in whole milliseconds. */
const toleranceMs = 1_000;
/** NTP sets a clock by so much soon after the machine has started, ms. */
const smallStepMs = 60_000;
/** A machine that slept shows such a step. When nobody contradicts it for so long it is believed, ms. */
const believeStepMs = 600_000;
/** Others' clocks are no better than this, ms. */
const reportToleranceMs = 60_000;
/** After so long away the clock may have been set meanwhile, ms. */
const awayMs = 3_600_000;

/**
 * Whether the clock of the machine is to be believed. It is compared with the monotonic one, which never steps, with
 * the latest time seen before, and with what others say:
 *
 *     believed ── a step, behind what was seen, contradicted ──▶ doubted
 *     doubted ── back in step · past what was seen · devices or store agree · accepted ──▶ believed
 *
 * In doubt there are two times it may be, and nothing is refused for the time it has.
 */
export class ClockBelief {
  readonly #options: BeliefOptions;
  /** The clock less the monotonic one when it was last believed, ms. */
  #shiftMs: number;
  /** Another time it may yet be although the clock is believed, less the monotonic one, ms. */
  #elseMs: number | undefined;
  #doubt: Doubt | undefined;
  /** Others' word that an operator has overruled, as a shift, ms. */
  #overruledMs: number | undefined;
  /** The latest time that was believed, Unix ms; 0: none. */
  lastMs: number;

  /** @param lastMs the latest time seen by earlier runs, Unix ms; 0: none */
  constructor(lastMs: number, at: Moment, options: BeliefOptions) {
    this.#options = options;
    this.lastMs = lastMs;
    const { nowMs, monotonicMs } = at;
    const sureMs = Math.max(lastMs, options.releasedMs);
    this.#shiftMs = nowMs - monotonicMs;
    if (!this.#follows(nowMs, sureMs))
      this.#doubt = { by: 'seen', otherMs: sureMs - monotonicMs, sinceMs: monotonicMs };
    else this.#elseMs = this.#away(nowMs, monotonicMs);
  }

  get doubted(): boolean {
    return this.#doubt !== undefined;
  }

  /** It was contradicted by others alone: what is not the clock of this machine. */
  get contradicted(): boolean {
    return this.#doubt?.by === 'reported';
  }

  /** Why it is doubted. */
  fault({ nowMs, monotonicMs }: Moment): string | undefined {
    const doubt = this.#doubt;
    if (doubt === undefined) return undefined;
    const offMs = nowMs - (doubt.otherMs + monotonicMs);
    const size = spanWords(Math.abs(offMs));
    if (doubt.words !== undefined)
      return `the clock of this machine is ${size} ${offMs > 0 ? 'ahead' : 'behind'}, say ${doubt.words}`;
    if (nowMs < this.#options.releasedMs) return 'the clock of this machine is from before this release';
    if (offMs < 0) return `the clock of this machine has gone back by ${size}`;
    return `the clock of this machine has leapt ahead by ${size}`;
  }

  /** The earliest and the latest time it may be now, Unix ms. */
  range({ nowMs, monotonicMs }: Moment): { earliestMs: number; latestMs: number } {
    const otherMs = this.#doubt?.otherMs ?? this.#elseMs;
    if (otherMs === undefined) return { earliestMs: nowMs, latestMs: nowMs };
    return {
      earliestMs: Math.min(nowMs, otherMs + monotonicMs),
      latestMs: Math.max(nowMs, otherMs + monotonicMs),
    };
  }

  /** To be called often, and while it is believed also before a time is refused, then without a verdict. */
  look(at: Moment, verdict: ClockVerdict | undefined): void {
    const { nowMs, monotonicMs } = at;
    if (this.#doubt === undefined) this.#watch(at, verdict);
    else if (this.#settled(this.#doubt, at, verdict)) this.#believe(at, verdict);
    if (this.#doubt !== undefined) return;
    this.#shiftMs = nowMs - monotonicMs;
    this.lastMs = Math.max(this.lastMs, nowMs);
  }

  /** An operator says that the clock is right; a time before this release is none that can be. */
  accept(at: Moment, verdict: ClockVerdict | undefined): void {
    if (at.nowMs < this.#options.releasedMs) return;
    if (verdict?.kind === 'contradict') this.#overruledMs = verdict.shiftMs;
    this.#doubt = undefined;
    this.#elseMs = undefined;
    this.#shiftMs = at.nowMs - at.monotonicMs;
    this.lastMs = at.nowMs;
  }

  #watch({ nowMs, monotonicMs }: Moment, verdict: ClockVerdict | undefined): void {
    const stepMs = nowMs - (this.#shiftMs + monotonicMs);
    if (stepMs < -toleranceMs || stepMs > smallStepMs) {
      // Set back to what it may have been anyway.
      const right = this.#elseMs !== undefined && near(nowMs, this.#elseMs + monotonicMs, reportToleranceMs);
      if (!right) this.#doubt = { by: 'reckoned', otherMs: this.#shiftMs, sinceMs: monotonicMs };
      else this.lastMs = nowMs;
      this.#elseMs = undefined;
    } else if (verdict?.kind === 'contradict' && !this.#isOverruled(verdict.shiftMs)) {
      const { shiftMs: otherMs, words } = verdict;
      this.#doubt = { by: 'reported', otherMs, sinceMs: monotonicMs, words };
    } else if (verdict?.kind === 'agree' && verdict.by === 'devices') this.#elseMs = undefined;
  }

  #settled({ by, otherMs, sinceMs }: Doubt, at: Moment, verdict: ClockVerdict | undefined): boolean {
    const { nowMs, monotonicMs } = at;
    const { releasedMs, plausibleAheadMs } = this.#options;
    if (nowMs < releasedMs) return false;
    if (verdict?.kind === 'agree') return true;
    const nowElseMs = otherMs + monotonicMs;
    if (by === 'reported') return verdict === undefined || near(nowMs, nowElseMs, reportToleranceMs);
    if (by === 'seen') return this.#follows(nowMs, Math.max(this.lastMs, releasedMs));
    if (near(nowMs, nowElseMs, toleranceMs)) return true;
    // Past all it has shown before: what was stored is not from the future any more.
    if (nowMs < nowElseMs) return nowMs >= this.lastMs - toleranceMs;
    const unopposed = verdict === undefined && monotonicMs - sinceMs >= believeStepMs;
    return unopposed && nowMs - nowElseMs <= plausibleAheadMs;
  }

  #believe({ nowMs, monotonicMs }: Moment, verdict: ClockVerdict | undefined): void {
    const doubt = this.#doubt;
    this.#doubt = undefined;
    // A store may share the clock it speaks for, and a step that nobody opposed may yet be wrong.
    const sure = verdict?.kind === 'agree' && verdict.by === 'devices';
    if (sure || doubt === undefined || near(nowMs, doubt.otherMs + monotonicMs, reportToleranceMs))
      this.#elseMs = undefined;
    else if (doubt.by === 'seen' && verdict === undefined) this.#elseMs = this.#away(nowMs, monotonicMs);
    else this.#elseMs = doubt.otherMs;
    this.lastMs = nowMs;
  }

  /** After a long time away, the latest time seen, less the monotonic clock. */
  #away(nowMs: number, monotonicMs: number): number | undefined {
    return this.lastMs > 0 && nowMs - this.lastMs > awayMs ? this.lastMs - monotonicMs : undefined;
  }

  /** It can be the time that comes after `sureMs`. */
  #follows(nowMs: number, sureMs: number): boolean {
    return nowMs >= sureMs - toleranceMs && nowMs <= sureMs + this.#options.plausibleAheadMs;
  }

  #isOverruled(shiftMs: number): boolean {
    return this.#overruledMs !== undefined && near(shiftMs, this.#overruledMs, reportToleranceMs);
  }
}

function near(aMs: number, bMs: number, withinMs: number): boolean {
  return Math.abs(aMs - bMs) <= withinMs;
}

function spanWords(ms: number): string {
  const units: [number, string][] = [
    [86_400_000, 'days'],
    [3_600_000, 'hours'],
    [60_000, 'minutes'],
  ];
  const [size, name] = units.find(([unitMs]) => ms >= 2 * unitMs) ?? [1_000, 'seconds'];
  return `${Math.round(ms / size)} ${name}`;
}
