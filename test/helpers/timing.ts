import assert from 'node:assert/strict';

/**
 * Two things that must cost the same, each done once a round, in an order that changes, so that what one leaves
 * behind does not count for the other. Judged by how often the one takes longer: one half when nothing tells them
 * apart. Its standard deviation with 200 rounds is 0.03 (Mann and Whitney), so chance does not come as far as 0.15;
 * what adds a tenth to the time does.
 * @param run does the thing of this name in this round @returns how long it took, ms
 */
export async function assertSameCost<Name extends string>(
  [one, other]: readonly [Name, Name],
  rounds: number,
  run: (name: Name, round: number) => number | Promise<number>,
): Promise<void> {
  const times = { [one]: [], [other]: [] } as unknown as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    const order = Math.random() < 0.5 ? [one, other] : [other, one];
    for (const name of order) times[name].push(await run(name, round));
  }
  const share = shareLonger(times[one], times[other]);
  const note = `${one} ${median(times[one])} ms, ${other} ${median(times[other])} ms; the first is longer in ${share}`;
  assert.ok(Math.abs(share - 0.5) < 0.15, note);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function shareLonger(these: readonly number[], those: readonly number[]): number {
  let longer = 0;
  for (const one of these) for (const other of those) longer += one > other ? 1 : one === other ? 0.5 : 0;
  return longer / (these.length * those.length);
}
