/** A boot of a device that has ended. */
export interface EndedBoot {
  boot: string;
  /** Its last uptime, ms. */
  up: number;
}

/** `up`: the uptime it is known to have reached. `anchorMs`: hub time at its uptime 0, Unix ms. */
export interface AnchoredBoot extends EndedBoot {
  anchorMs: number;
}

/**
 * Anchors for boots that never reached the hub. Nobody knows how long the device was without power in between, so each
 * is taken to have ended when the next one began, the last of them when the present one did.
 * @param ended in the order in which they were
 * @param known boots that have an anchor, perhaps the present one among them
 * @param present the boot that tells of them, and its uptime at `nowMs` (Unix ms)
 */
export function anchorUnseen(
  ended: readonly EndedBoot[],
  known: readonly AnchoredBoot[],
  present: EndedBoot,
  nowMs: number,
): AnchoredBoot[] {
  const anchors = new Map(known.map(({ boot, anchorMs }) => [boot, anchorMs]));
  const before = known.find(({ boot }) => boot === present.boot);
  // With a lower uptime it is another boot under the same name.
  const startMs = before !== undefined && before.up <= present.up ? before.anchorMs : nowMs - present.up;
  anchors.set(present.boot, startMs);
  const anchored: AnchoredBoot[] = [];
  let nextMs = startMs;
  for (const { boot, up } of ended.toReversed()) {
    const anchorMs = anchors.get(boot) ?? nextMs - up;
    if (!anchors.has(boot)) anchored.push({ boot, up, anchorMs });
    anchors.set(boot, anchorMs);
    nextMs = Math.min(nextMs, anchorMs);
  }
  return anchored;
}
