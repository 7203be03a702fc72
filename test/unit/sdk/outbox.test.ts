import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { frameCodecOf } from '../../../sdk/typescript/src/core/frame-codec.ts';
import { Outbox, type Settlement } from '../../../sdk/typescript/src/core/outbox.ts';
import type { NackFrame, TelemetryFrame } from '../../../schemas/index.ts';

const limits = { frameBytes: 65_536, samples: 3, inFlight: 64, messagesPerSec: 100 };

const { sizeOf } = frameCodecOf(false);

function add(outbox: Outbox, ts: number, settle: (settlement: Settlement) => void): void {
  const what = { kind: 'reading', stream: 'env' } as const;
  outbox.add({ what, time: { ts }, data: { temperature: ts }, backfill: false, boot: undefined, settle });
}

function stamps(frame: TelemetryFrame): number[] {
  return (frame.samples ?? [frame]).map(({ ts }) => ts ?? -1);
}

interface Step {
  do: 'add' | 'take' | 'cut' | 'ack' | 'refuse' | 'later';
  pick: number;
}

const pick = fc.nat(20);

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record<Step>({ do: fc.constantFrom('add', 'take'), pick }) },
    { weight: 1, arbitrary: fc.record<Step>({ do: fc.constant('cut'), pick }) },
    { weight: 3, arbitrary: fc.record<Step>({ do: fc.constantFrom('ack', 'refuse', 'later'), pick }) },
  ),
  { maxLength: 120 },
);

test('whatever happens, each reading is settled once and as the hub said, and nothing is lost', () => {
  fc.assert(
    fc.property(steps, (run: Step[]) => {
      const outbox = new Outbox(1000, sizeOf);
      const settled = new Map<number, string[]>();
      const said = new Map<number, string>();
      let [added, seq, acked] = [0, 0, 0];
      let inFlight = new Map<number, number[]>();
      const take = (): void => {
        const frame = outbox.take(seq + 1, limits);
        if (frame?.type !== 'telemetry') return;
        seq += 1;
        inFlight.set(seq, stamps(frame));
      };
      for (const step of run) {
        if (step.do === 'add') {
          const ts = (added += 1);
          settled.set(ts, []);
          add(outbox, ts, ({ kind }) => settled.get(ts)?.push(kind));
        } else if (step.do === 'take') take();
        else if (step.do === 'cut') {
          outbox.sessionEnded();
          inFlight = new Map();
          [seq, acked] = [0, 0];
        } else if (step.do === 'ack') {
          acked = Math.min(seq, acked + step.pick);
          outbox.ack(acked);
          for (const [sent, times] of inFlight) {
            if (sent > acked) continue;
            for (const ts of times) said.set(ts, 'stored');
            inFlight.delete(sent);
          }
        } else {
          const sent = [...inFlight.keys()][step.pick % Math.max(1, inFlight.size)];
          if (sent === undefined) continue;
          const retry = step.do === 'later';
          const nack: NackFrame = { type: 'nack', seq: sent, code: retry ? 'overloaded' : 'schema', retry };
          outbox.nack(sent, nack);
          if (!retry) for (const ts of inFlight.get(sent) ?? []) said.set(ts, 'refused');
          inFlight.delete(sent);
        }
      }
      const open = [...settled].filter(([ts]) => !said.has(ts)).length;
      assert.equal(outbox.size, open);
      for (const [ts, kinds] of settled) assert.deepEqual(kinds, said.has(ts) ? [said.get(ts)] : []);
      // What is left goes out in the order it was taken.
      outbox.sessionEnded();
      const rest: number[] = [];
      for (let frame = outbox.take(1, limits); frame?.type === 'telemetry'; frame = outbox.take(1, limits))
        rest.push(...stamps(frame));
      assert.deepEqual(
        rest,
        rest.toSorted((a, b) => a - b),
      );
      assert.equal(rest.length, open);
    }),
  );
});

test('samples the hub nacks for later wait again, and the ack of their frame does not settle them', () => {
  const outbox = new Outbox(10, sizeOf);
  const settled: string[] = [];
  for (const ts of [1, 2, 3]) add(outbox, ts, ({ kind }) => settled.push(`${ts} ${kind}`));
  outbox.take(1, limits);
  outbox.nack(1, { type: 'nack', seq: 1, code: 'overloaded', retry: true, rejectedSamples: [1] });
  outbox.ack(1);
  assert.deepEqual(settled, ['1 stored', '3 stored']);
  assert.equal(outbox.size, 1);
  const again = outbox.take(2, limits);
  assert.ok(again?.type === 'telemetry');
  assert.deepEqual(stamps(again), [2]);
  outbox.ack(2);
  assert.deepEqual(settled, ['1 stored', '3 stored', '2 stored']);
});

test('a batch the hub calls too large comes back in halves, and a single one is refused', () => {
  const outbox = new Outbox(10, sizeOf);
  const settled: string[] = [];
  for (const ts of [1, 2]) add(outbox, ts, ({ kind }) => settled.push(`${ts} ${kind}`));
  outbox.take(1, limits);
  outbox.nack(1, { type: 'nack', seq: 1, code: 'too-large', retry: false });
  const half = outbox.take(2, limits);
  assert.ok(half?.type === 'telemetry');
  assert.deepEqual(stamps(half), [1]);
  outbox.nack(2, { type: 'nack', seq: 2, code: 'too-large', retry: false });
  assert.deepEqual(settled, ['1 refused']);
});
