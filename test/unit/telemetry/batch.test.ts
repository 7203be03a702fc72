import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Batch, type FrameOwner } from '../../../hub/telemetry/batch.ts';
import { Ledger } from '../../../hub/telemetry/ledger.ts';

/** Writes down, in order, what becomes of its frames. */
class RecordingOwner implements FrameOwner {
  readonly account = new Ledger().account('d-1');
  readonly calls: string[] = [];

  stored(seq: number): void {
    this.calls.push(`stored ${seq}`);
  }

  refusedByStore(seq: number, samples: readonly number[] | undefined, reason: string): void {
    this.calls.push(`refused ${seq} ${samples === undefined ? 'whole' : JSON.stringify(samples)} ${reason}`);
  }
}

test('without refusals every frame is stored, in order', () => {
  const owner = new RecordingOwner();
  const batch = new Batch();
  batch.addReading(owner, 1, 'a');
  batch.addSamples(owner, 2, ['b', 'c'], undefined);
  batch.settle(new Map());
  assert.deepEqual(owner.calls, ['stored 1', 'stored 2']);
  assert.deepEqual([batch.frames, batch.lines, batch.size], [2, ['a', 'b', 'c'], 6]);
});

test('a refused line is told to its frame before the frame is settled', () => {
  const owner = new RecordingOwner();
  const batch = new Batch();
  batch.addReading(owner, 1, 'a');
  batch.addReading(owner, 2, 'b');
  batch.settle(new Map([[1, 'why']]));
  assert.deepEqual(owner.calls, ['stored 1', 'refused 2 whole why', 'stored 2']);
});

test('whatever is refused, each owner learns the seqs and the sample indexes of its own frames', () => {
  /** A frame: its samples, each good (on its way), or bad (left out before). Null: one reading. */
  const frame = fc.option(
    fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }).filter((kept) => kept.includes(true)),
  );
  const frames = fc.array(fc.tuple(fc.nat(2), frame), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(frames, fc.func(fc.boolean()), (sent, isRefused) => {
      const owners = [new RecordingOwner(), new RecordingOwner(), new RecordingOwner()];
      const expected: string[][] = [[], [], []];
      const refused = new Map<number, string>();
      const batch = new Batch();
      for (const [index, [who, samples]] of sent.entries()) {
        const owner = owners[who] ?? new RecordingOwner();
        const seq = index + 1;
        const start = batch.lines.length;
        const kept = samples?.flatMap((good, sample) => (good ? [sample] : [])) ?? [0];
        const bad = kept.filter((_, line) => isRefused(start + line));
        for (const [line, sample] of kept.entries())
          if (bad.includes(sample)) refused.set(start + line, 'why');
        if (samples === null) batch.addReading(owner, seq, 'r');
        else {
          const lines = kept.map(String);
          batch.addSamples(owner, seq, lines, kept.length === samples.length ? undefined : kept);
        }
        if (bad.length > 0) {
          expected[who]?.push(`refused ${seq} ${samples === null ? 'whole' : JSON.stringify(bad)} why`);
        }
        expected[who]?.push(`stored ${seq}`);
      }
      batch.settle(refused);
      assert.deepEqual(
        owners.map(({ calls }) => calls),
        expected,
      );
    }),
  );
});
