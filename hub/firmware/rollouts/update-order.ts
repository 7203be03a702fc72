/** The order in which the devices of a rollout are updated. Pure. */

interface Stratified {
  readonly site: string;
  /** The firmware before the update; undefined: not known. */
  readonly former?: string | undefined;
}

/**
 * Shuffles by the seed, so that updated devices are like those that are not updated yet. Each stratum, a site and a former
 * firmware, is spread evenly over the whole order, so that every beginning of it has about its share of each.
 * @param seed a whole number below 2³²; the same one gives the same order
 */
export function shuffled<Device extends Stratified>(devices: readonly Device[], seed: number): Device[] {
  const random = randomFrom(seed);
  const strata = Map.groupBy(devices, ({ site, former }) => JSON.stringify([site, former]));
  const placed: { device: Device; at: number }[] = [];
  for (const members of strata.values()) {
    const order = members.map((device) => ({ device, draw: random() })).toSorted((a, b) => a.draw - b.draw);
    for (const [index, { device }] of order.entries())
      placed.push({ device, at: (index + random()) / order.length });
  }
  return placed.toSorted((a, b) => a.at - b.at).map(({ device }) => device);
}

/** Uniform in [0, 1): the generator mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = Math.trunc(seed) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
