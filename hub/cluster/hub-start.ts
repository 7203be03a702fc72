/** One start of a hub. Its number rises with each, and what an earlier one still writes counts for nothing. */
export interface HubStart {
  readonly id: string;
  readonly incarnation: number;
}

/** `left`: it ended in order; `dead`: others found that it did not beat any more. */
export type StartState = 'up' | 'left' | 'dead';

export interface SeenHub extends HubStart {
  /** Rises while it lives. */
  readonly beat: number;
  readonly state: StartState;
  readonly version: string;
}

export function lives({ state }: Pick<SeenHub, 'state'>): boolean {
  return state === 'up';
}

/** Those that live beside `me`. */
export function otherHubs(hubs: readonly SeenHub[], me: HubStart): SeenHub[] {
  return hubs.filter((hub) => hub.id !== me.id && lives(hub));
}

/** Where a hub's own ids begin with it: short, and different for hubs that were not made alike on purpose. */
export function shortStartName({ id, incarnation }: HubStart): string {
  return `${id.slice(0, 8)}-${incarnation}`;
}

export function isSame(one: HubStart, other: HubStart): boolean {
  return one.id === other.id && one.incarnation === other.incarnation;
}

export function startName({ id, incarnation }: HubStart): string {
  return `${id}/${incarnation}`;
}
