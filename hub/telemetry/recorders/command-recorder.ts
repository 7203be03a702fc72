import { typeName, type FieldSpec } from '../../../schemas/index.ts';
import type { CommandFollower } from '../../commands/answers.ts';
import type { Command } from '../../commands/command.ts';
import type { DeviceRecord } from '../../registry/device-store.ts';
import type { Ledger } from '../ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import { HubPoints } from '../hub-points.ts';
import type { Writer } from '../writer.ts';

/** Of its measurement. */
export const commandFields: readonly FieldSpec[] = [
  { name: 'device', kind: 'string', tag: false },
  { name: 'id', kind: 'string', tag: false },
  { name: 'reason', kind: 'string', tag: false },
  { name: 'origin', kind: 'string', tag: false },
  { name: 'queuedMs', kind: 'float', tag: false },
  { name: 'deliveryMs', kind: 'float', tag: false },
  { name: 'runMs', kind: 'float', tag: false },
  { name: 'totalMs', kind: 'float', tag: false },
];
const encodeCommand = compileFieldEncoder(commandFields);

/** How long each stage took, ms, as far as the command has come. The wall clock may have been set in between. */
function stagesOf(command: Command): {
  queuedMs?: number;
  deliveryMs?: number;
  runMs?: number;
  totalMs: number;
} {
  const { acceptedMs, sent, receivedMs, changedMs, status } = command;
  const runs = status !== 'received' && receivedMs !== undefined;
  return {
    ...(sent === undefined ? {} : { queuedMs: span(acceptedMs, sent.ms) }),
    ...(sent === undefined || receivedMs === undefined ? {} : { deliveryMs: span(sent.ms, receivedMs) }),
    ...(runs ? { runMs: span(receivedMs, changedMs) } : {}),
    totalMs: span(acceptedMs, changedMs),
  };
}

function span(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs);
}

/** Writes each state of a command to the store, measurement `command`. */
export class CommandRecorder implements CommandFollower {
  readonly #points: HubPoints;
  readonly #recordOf: (deviceId: string) => DeviceRecord | undefined;
  #lastUs = 0;

  constructor(deps: {
    writer: Writer;
    ledger: Ledger;
    recordOf: (deviceId: string) => DeviceRecord | undefined;
  }) {
    this.#points = new HubPoints(deps);
    this.#recordOf = deps.recordOf;
  }

  commandChanged(command: Command): void {
    const record = this.#recordOf(command.device);
    // The device was removed in the meantime.
    if (record === undefined) return;
    const { device, id, name, status, reason, requester } = command;
    const type = typeName(record.type);
    const prefix = encodePrefix('command', { name, status, site: record.site, type });
    const fields = encodeCommand({ device, id, reason, origin: requester?.origin, ...stagesOf(command) });
    // The device is not a tag, so two commands at the same time would be one point: each gets its own microsecond.
    this.#lastUs = Math.max(this.#lastUs + 1, Math.round(command.changedMs * 1000));
    this.#points.write(`${prefix}${fields} ${encodeTimeUs(this.#lastUs / 1000)}`);
  }
}
