import type { RejectRow } from '../../../schemas/api/telemetry/rejects.ts';
import { typeName, type FieldSpec } from '../../../schemas/index.ts';
import type { Cancel, Clock } from '../../../schemas/time/clock.ts';
import { HubPoints } from '../hub-points.ts';
import type { Ledger } from '../ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import type { Writer } from '../writer.ts';
import { tagText } from './tag-text.ts';

/** Of its measurement. */
export const refusedFields: readonly FieldSpec[] = [{ name: 'frames', kind: 'integer', tag: false }];
const encodeRefused = compileFieldEncoder(refusedFields);

const recordEveryMs = 10_000;

/** What frames were refused for; the type with its version. */
export type RefusedFor = Pick<RejectRow, 'type' | 'stream' | 'field' | 'rule'>;

/**
 * Writes every ten seconds how many frames were refused by which rule for which field, measurement `refused`; nothing when
 * none was. Who notes them bounds what devices may name.
 */
export class RefusedRecorder {
  readonly #deps: { clock: Clock; hubId: string };
  readonly #points: HubPoints;
  readonly #counts = new Map<string, { refused: RefusedFor; frames: number }>();
  #cancel: Cancel = () => {};

  constructor(deps: { clock: Clock; writer: Writer; ledger: Ledger; hubId: string }) {
    this.#deps = deps;
    this.#points = new HubPoints(deps);
  }

  start(): void {
    this.#cancel = this.#deps.clock.every(recordEveryMs, () => this.record());
  }

  note({ type, stream, field, rule }: RefusedFor): void {
    const refused = { type: typeName(type), stream, field, rule };
    const key = JSON.stringify(refused);
    const count = this.#counts.get(key) ?? { refused, frames: 0 };
    count.frames += 1;
    this.#counts.set(key, count);
  }

  /** Writes what was noted since the last time. */
  record(): void {
    const { clock, hubId } = this.#deps;
    for (const { refused, frames } of this.#counts.values()) {
      const tags = Object.entries(refused).map(([name, text]) => [name, tagText(text)]);
      const prefix = encodePrefix('refused', {
        hub: hubId,
        ...(Object.fromEntries(tags) as Record<string, string>),
      });
      this.#points.write(`${prefix}${encodeRefused({ frames })} ${encodeTimeUs(clock.now())}`);
    }
    this.#counts.clear();
  }

  close(): void {
    this.#cancel();
    this.record();
  }
}
