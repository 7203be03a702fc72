/** Who is notified of something. Whoever notifies them goes through `all`, in the order in which they were added. */
export class Followers<Follower> {
  readonly #all: Follower[] = [];

  /** Those there are at the moment: the list grows with each `follow`. */
  get all(): readonly Follower[] {
    return this.#all;
  }

  follow(...followers: readonly Follower[]): void {
    this.#all.push(...followers);
  }
}
