import type { Scope } from '../../schemas/api/incidents.ts';
/** What devices may have in common. */
/** Devices of one scope that were lost together. */
export interface LossGroup {
  scope: Scope;
  /** Lost in it since it began, whether back by now or not. */
  members: Set<string>;
  /** Of them, those still away. */
  away: Set<string>;
}

interface ScopeState {
  scope: Scope;
  present: Set<string>;
  /** Device → when it was lost, ms. */
  lost: Map<string, number>;
}

/** Losses further apart have nothing to do with each other. Half-open links are found over a whole heartbeat. */
const windowMs = 90_000;
const fewestDevices = 10;
/** Of the devices of the scope. */
const smallestShare = 0.5;
/** An incident is over when no more of its devices than this share are away. */
const backShare = 0.1;
/** A wider scope explains an incident better when it has so many times its devices. */
const widerBy = 1.2;
/** Among scopes with the same losses, the one that says most comes first. */
const order: readonly Scope['by'][] = ['site', 'address', 'firmware'];

/** Finds devices of one site, address or firmware that are lost together. Pure; times are ms on any one clock. */
export class CorrelatedLoss {
  readonly #scopes = new Map<string, ScopeState>();
  readonly #scopesOf = new Map<string, ScopeState[]>();
  readonly #groups = new Set<LossGroup>();

  /** The device is connected; `scopes` is what it is known to share with others. */
  online(deviceId: string, scopes: readonly Scope[]): void {
    this.#leaveScopes(deviceId);
    const states = scopes.map((scope) => this.#scope(scope));
    for (const state of states) state.present.add(deviceId);
    this.#scopesOf.set(deviceId, states);
    for (const group of this.#groups) group.away.delete(deviceId);
  }

  /** A group of before a restart goes on. @param away of its members, those that are known to be lost */
  resume(scope: Scope, members: Iterable<string>, away: Iterable<string>): LossGroup {
    const group = { scope, members: new Set(members), away: new Set(away) };
    this.#groups.add(group);
    return group;
  }

  /** It was lost. `scopes` serves for one that was not seen online before. */
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
    }
  }

  /** It left in good order, or is no longer registered. */
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

  /** What became of the losses so far; to be called about once a second. */
  sweep(nowMs: number): { began: LossGroup[]; widened: LossGroup[]; ended: LossGroup[] } {
    const ended = [...this.#groups].filter(({ members, away }) => away.size <= members.size * backShare);
    for (const group of ended) this.#groups.delete(group);
    const began: LossGroup[] = [];
    const widened: LossGroup[] = [];
    for (const { scope, lost } of this.#candidates(nowMs)) {
      const fresh = [...lost.keys()].filter((deviceId) => !this.covers(deviceId));
      const inside = [...this.#groups].find(({ members }) => [...members].every((id) => lost.has(id)));
      if (inside !== undefined && lost.size > inside.members.size * widerBy) {
        inside.scope = scope;
        inside.members = new Set(lost.keys());
        inside.away = new Set(lost.keys());
        widened.push(inside);
      } else if (fresh.length >= fewestDevices) {
        const group = { scope, members: new Set(fresh), away: new Set(fresh) };
        this.#groups.add(group);
        began.push(group);
      }
    }
    return { began, widened, ended };
  }

  /** Scopes of which enough is lost, those with most losses first. */
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
