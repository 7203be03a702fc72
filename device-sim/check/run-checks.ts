import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceType } from '../../schemas/index.ts';
import { Bench } from './bench.ts';
import type { CheckCertificate } from './check-certificates.ts';
import { CheckFault, NotApplicable, type Check } from './check.ts';
import type { CheckedDevice, DeviceIdentity } from './checked-device.ts';
import { FrameJudge } from './frame-judge.ts';
import { PlayedHub } from './played-hub.ts';

export interface Outcome {
  check: Check;
  verdict: 'passed' | 'failed' | 'skipped';
  /** Why the check failed or was skipped. */
  reason?: string;
  tookMs: number;
  /** Frames and closes of a failure, and the device's own output. */
  log: readonly string[];
}

export interface CheckOptions {
  type: DeviceType;
  checks: readonly Check[];
  /** Checks under way together; each has a hub, a device and a folder of its own. */
  concurrency: number;
  listen: { host: string; port: number };
  /** The device is given a CA and connects by TLS. */
  tls: boolean;
  /** The host by which the device reaches the hub, when it differs from the listen address. */
  host?: string | undefined;
  id: string;
  secret: string;
  command?: string | undefined;
  device: (identity: DeviceIdentity) => CheckedDevice;
  /** Called before each check. */
  began?: (check: Check, identity: DeviceIdentity) => void;
  ended?: (outcome: Outcome) => void;
  stopped?: AbortSignal;
}

/** Runs the checks and resolves with their outcomes, in the order of the checks. */
export async function runChecks(options: CheckOptions): Promise<Outcome[]> {
  const { checks, concurrency, ended } = options;
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const place = next;
      next += 1;
      const check = checks[place];
      if (check === undefined || options.stopped?.aborted === true) return;
      const outcome = await runCheck(check, options);
      outcomes[place] = outcome;
      ended?.(outcome);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return outcomes.filter((outcome) => outcome !== undefined);
}

async function runCheck(check: Check, options: CheckOptions): Promise<Outcome> {
  const { type, id, secret, command, listen } = options;
  if (check.certificate !== undefined && !options.tls)
    return { check, verdict: 'skipped', reason: 'the device connects without TLS', tookMs: 0, log: [] };
  const judge = new FrameJudge(type);
  const host = options.host ?? listen.host;
  const tls = options.tls ? await certificateFor(check, host) : undefined;
  const hub = await PlayedHub.start(judge, listen, tls);
  const state = mkdtempSync(join(tmpdir(), 'device-check-'));
  const url = `${tls === undefined ? 'ws' : 'wss'}://${host}:${hub.port}/v1/device`;
  const ca = tls === undefined ? undefined : join(state, 'ca.crt');
  if (tls !== undefined && ca !== undefined) writeFileSync(ca, tls.ca);
  const identity = { url, id, secret, type: type.id, state, ca };
  const device = options.device(identity);
  const bench = new Bench({ hub, device, type, judge, id, secret, command });
  const beganMs = performance.now();
  const tookMs = (): number => Math.round(performance.now() - beganMs);
  options.began?.(check, identity);
  try {
    await check.run(bench);
    hub.demandLawful();
    return { check, verdict: 'passed', tookMs: tookMs(), log: [] };
  } catch (error) {
    if (error instanceof NotApplicable)
      return { check, verdict: 'skipped', reason: error.message, tookMs: tookMs(), log: [] };
    if (!(error instanceof CheckFault)) throw error;
    // A breach of the protocol is closer to the cause than a missing frame.
    const reason = hub.faults[0] === undefined ? error.message : `the device sent ${hub.faults[0]}`;
    const said = device.output.split('\n').filter((line) => line !== '');
    const log = [...hub.log, ...said.map((line) => `device: ${line}`)];
    return { check, verdict: 'failed', reason, tookMs: tookMs(), log };
  } finally {
    await device.kill();
    await hub.close();
    rmSync(state, { recursive: true, force: true });
  }
}

/** Loads the maker of certificates only for TLS, because loading takes a while. */
async function certificateFor({ certificate = 'right' }: Check, host: string): Promise<CheckCertificate> {
  const { makeCheckCertificate } = await import('./check-certificates.ts');
  return makeCheckCertificate(certificate, host);
}
