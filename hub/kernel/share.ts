/**
 * Whether `actor` may hold one more of `room` things. Each may hold as many as are still free, so that there is one for
 * somebody else whatever the others hold; alone that is half of all.
 * @param actors who holds each of those that are held
 */
export function hasRoomFor(
  actor: string | undefined,
  actors: readonly (string | undefined)[],
  room: number,
): boolean {
  const own = actors.filter((each) => each === actor).length;
  return own < room - actors.length;
}
