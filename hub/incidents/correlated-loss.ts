import type { Scope } from '../../schemas/api/incidents.ts';

/** Devices of one scope that were lost together. */
export interface LossGroup {
  scope: Scope;
  /** Lost since the incident began, even if they are back. */
  members: Set<string>;
  /** Devices of the scope, lost or not. */
  of: number;
  /** Those of them that are still away. */
  away: Set<string>;
}

interface ScopeState {
  scope: Scope;
  present: Set<string>;
  /** Device → when it was lost, ms. */
  lost: Map<string, number>;
}

/** Losses further apart are unrelated. Half-open links are found over the time of a whole heartbeat. */
const windowMs = 90_000;
const fewestDevices = 10;
/** Of the devices of the scope. */
const smallestShare = 0.5;
/** An incident ends when at most this share of its devices is away. */
const backShare = 0.1;
/** A wider scope explains an incident better when it has this many times its devices. */
const widerBy = 1.2;
/** Among scopes with the same losses, the most informative one comes first. */
const order: readonly Scope['by'][] = ['site', 'address', 'firmware'];

/** Finds devices of one site, address or firmware that are lost together. Pure; times are ms on any one clock. */
export class CorrelatedLoss {
  readonly #scopes = new Map<string, ScopeState>();
  readonly #scopesOf = new Map<string, ScopeState[]>();
  readonly #groups = new Set<LossGroup>();

  /** The device is connected. `scopes` is what it shares with others. */
  online(deviceId: string, scopes: readonly Scope[]): void {
    this.#leaveScopes(deviceId);
    const states = scopes.map((scope) => this.#scope(scope));
    for (const state of states) state.present.add(deviceId);
    this.#scopesOf.set(deviceId, states);
    for (const group of this.#groups) group.away.delete(deviceId);
  }

  /** Continues a group from before a restart. @param away those of its members that are known to be lost */
  resume(scope: Scope, members: Iterable<string>, away: Iterable<string>, of = 0): LossGroup {
    const group = { scope, members: new Set(members), away: new Set(away), of };
    this.#groups.add(group);
    return group;
  }

  /** The device was lost. `scopes` is used if it was not seen online before. */
  lost(deviceId: string, scopes: readonly Scope[], nowMs: number): void {
    const states = this.#scopesOf.get(deviceId) ?? scopes.map((scope) => this.#scope(scope));
    this.#scopesOf.set(deviceId, states);
    for (const state of states) {
      state.present.delete(deviceId);
      state.lost.set(deviceId, nowMs);
    }
    for (const group of this.#groups) {
      if (!states.some(({ scope }) => scopeKey(scope) === scopeKey(group.scope))) continue;
      group.members.add(deviceId);
      group.away.add(deviceId);
      group.of = Math.max(group.of, group.members.size);
    }
  }

  /** The device disconnected cleanly, or is no longer registered. */
  forget(deviceId: string): void {
    this.#leaveScopes(deviceId);
    for (const group of this.#groups) {
      group.members.delete(deviceId);
      group.away.delete(deviceId);
    }
  }

  #leaveScopes(deviceId: string): void {
    for (const state of this.#scopesOf.get(deviceId) ?? []) {
      state.present.delete(deviceId);
      state.lost.delete(deviceId);
      if (state.present.size + state.lost.size === 0) this.#scopes.delete(scopeKey(state.scope));
    }
    this.#scopesOf.delete(deviceId);
  }

  /** True while the device's loss is part of a group's. */
  covers(deviceId: string): boolean {
    for (const { members } of this.#groups) if (members.has(deviceId)) return true;
    return false;
  }

  /** Evaluates the losses so far. To be called about once a second. */
  sweep(nowMs: number): { began: LossGroup[]; widened: LossGroup[]; ended: LossGroup[] } {
    const ended = [...this.#groups].filter(({ members, away }) => away.size <= members.size * backShare);
    for (const group of ended) this.#groups.delete(group);
    const began: LossGroup[] = [];
    const widened: LossGroup[] = [];
    for (const { scope, lost, present } of this.#candidates(nowMs)) {
      const of = lost.size + present.size;
      const fresh = [...lost.keys()].filter((deviceId) => !this.covers(deviceId));
      const inside = [...this.#groups].find(({ members }) => [...members].every((id) => lost.has(id)));
      if (inside !== undefined && lost.size > inside.members.size * widerBy) {
        inside.scope = scope;
        inside.members = new Set(lost.keys());
        inside.away = new Set(lost.keys());
        inside.of = of;
        widened.push(inside);
      } else if (fresh.length >= fewestDevices) {
        const group = { scope, members: new Set(fresh), away: new Set(fresh), of };
        this.#groups.add(group);
        began.push(group);
      }
    }
    return { began, widened, ended };
  }

  /** Scopes with enough losses, those with most first. */
  #candidates(nowMs: number): ScopeState[] {
    const candidates: ScopeState[] = [];
    for (const state of this.#scopes.values()) {
      const { lost, present } = state;
      for (const [deviceId, atMs] of lost) {
        if (nowMs - atMs > windowMs && !this.covers(deviceId)) lost.delete(deviceId);
      }
      if (lost.size >= fewestDevices && lost.size >= (lost.size + present.size) * smallestShare) {
        candidates.push(state);
      }
    }
    return candidates.toSorted(
      (a, b) => b.lost.size - a.lost.size || order.indexOf(a.scope.by) - order.indexOf(b.scope.by),
    );
  }

  #scope(scope: Scope): ScopeState {
    const key = scopeKey(scope);
    let state = this.#scopes.get(key);
    if (state === undefined) {
      state = { scope, present: new Set(), lost: new Map() };
      this.#scopes.set(key, state);
    }
    return state;
  }
}

function scopeKey({ by, value }: Scope): string {
  return `${by}=${value}`;
}
