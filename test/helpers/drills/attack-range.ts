import assert from 'node:assert/strict';
import type { HubOptions } from '../services/process.ts';
import { openRaw } from '../devices/raw-device.ts';
import { startSecurityHub, type AuditLine, type SecurityHub } from '../hubs/security-hub.ts';
import { waitFor } from '../wait-for.ts';

/** What an attack leaves behind. */
export interface Traces {
  /** A line of `/metrics` that has risen: `hub_nacks_total{code="schema"}`. */
  counter?: string;
  /** An entry of the audit that has all of this. */
  audit?: Partial<AuditLine>;
}

/** A hub, and a device on it that no attack may disturb. */
export interface AttackRange {
  hub: SecurityHub;
  /** Runs an attack, then looks for its traces, and whether the bystander is as well as before. */
  attack<Result>(traces: Traces, run: () => Promise<Result>): Promise<Result>;
  /** Judges the bystander over the whole time, and ends the hub. */
  close(): Promise<void>;
}

const exceptions = 'hub_frame_exceptions_total';

/** @param devices registered beside `bystander` */
export async function openAttackRange(
  devices: readonly string[],
  { env = {}, ...options }: HubOptions = {},
): Promise<AttackRange> {
  const hub = await startSecurityHub([...devices, 'bystander'], {
    ...options,
    env: { HUB_ACK_DELAY_MS: '0', ...env },
  });
  const bystander = await openRaw(hub.as('bystander'));
  let seq = 0;

  /** In the session it has had from the beginning, a reading is taken and a heartbeat answered. */
  async function isWell(): Promise<void> {
    seq += 1;
    const t1 = 1_000 + performance.now();
    bystander.send({ type: 'telemetry', seq, stream: 'env', ts: Date.now(), data: { temperature: 20 } });
    bystander.send({ type: 'heartbeat', t1 });
    await bystander.next('heartbeat', (frame) => frame.t1 === t1);
    const refused = bystander.frames.find(({ type }) => type === 'nack');
    assert.equal(refused, undefined, `the bystander was refused: ${JSON.stringify(refused)}`);
  }

  return {
    hub,
    async attack({ counter, audit }, run) {
      const before = counter === undefined ? 0 : await hub.metric(counter);
      const result = await run();
      if (counter !== undefined) {
        await waitFor(async () => (await hub.metric(counter)) > before, { what: `${counter} rises` });
      }
      if (audit !== undefined) {
        await waitFor(async () => (await hub.audit()).some((entry) => matches(entry, audit)), {
          what: `the audit has ${JSON.stringify(audit)}`,
        });
      }
      await isWell();
      return result;
    },
    async close() {
      try {
        if (seq > 0) await bystander.next('ack', (frame) => 'upTo' in frame && frame.upTo >= seq);
        assert.equal(await hub.metric(exceptions), 0, 'no frame threw');
        assert.ok(hub.running);
      } finally {
        bystander.close();
        await hub.close();
      }
    },
  };
}

function matches(entry: AuditLine, wanted: Partial<AuditLine>): boolean {
  return Object.entries(wanted).every(([name, value]) => entry[name as keyof AuditLine] === value);
}
