import { invalidInput } from './errors.ts';

/**
 * Room for things that actors hold. Each may hold as many as are still free, so that there is room for one more
 * whatever the others hold; alone that is half of all.
 */
export class Shares {
  readonly #room: number;
  readonly #held = new Map<string, number>();
  #total = 0;

  /** @param room for the things of all together */
  constructor(room: number) {
    this.#room = room;
  }

  /** Whether the actor may hold one more. */
  hasRoom(actor: string): boolean {
    return isFree(this.#held.get(actor) ?? 0, this.#total, this.#room);
  }

  take(actor: string): void {
    this.#total += 1;
    this.#held.set(actor, (this.#held.get(actor) ?? 0) + 1);
  }

  release(actor: string): void {
    this.#total -= 1;
    const left = (this.#held.get(actor) ?? 1) - 1;
    if (left > 0) this.#held.set(actor, left);
    else this.#held.delete(actor);
  }
}

/**
 * The same where the things are in a list.
 * @param actors who holds each of those that are held
 */
export function hasRoomFor(
  actor: string | undefined,
  actors: readonly (string | undefined)[],
  room: number,
): boolean {
  const own = actors.filter((each) => each === actor).length;
  return isFree(own, actors.length, room);
}

/**
 * One more of what is kept must fit.
 * @param things in the plural, for the answer; `path` the field of the request that is refused; `wayOut` what makes room
 * @throws HubError `input-invalid`
 */
export function demandRoom(
  actor: string | undefined,
  actors: readonly (string | undefined)[],
  {
    things,
    room,
    path = '',
    wayOut = 'remove some first',
  }: { things: string; room: number; path?: string; wayOut?: string },
): void {
  if (hasRoomFor(actor, actors, room)) return;
  const own = actors.filter((each) => each === actor).length;
  const expected = `within your share of ${things}: you have ${own}, all together ${actors.length} of ${room}; ${wayOut}`;
  throw invalidInput(
    { path, keyword: 'maxItems', expected, got: 'one more' },
    path === '' ? things : undefined,
  );
}

/**
 * The same for what has no owner, because only administrators make it.
 * @throws HubError `input-invalid`
 */
export function demandPlace(count: number, { things, room }: { things: string; room: number }): void {
  if (count < room) return;
  const expected = `at most ${room} ${things}; remove some first`;
  throw invalidInput({ path: '', keyword: 'maxItems', expected, got: 'one more' }, things);
}

function isFree(own: number, total: number, room: number): boolean {
  return own < room - total;
}
