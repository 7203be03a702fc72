import type { FieldSpec } from '../../../schemas/index.ts';
import type { Incident } from '../../../schemas/api/incidents.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { HubPoints } from '../hub-points.ts';
import type { Ledger } from '../ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import type { Writer } from '../writer.ts';
import { OwnTimes } from './own-times.ts';
import { tagText } from './tag-text.ts';

/** Of its measurement. */
export const incidentFields: readonly FieldSpec[] = [
  // An integer, not a boolean: Grafana reduces and compares numbers only.
  { name: 'open', kind: 'integer', tag: false },
  { name: 'devices', kind: 'integer', tag: false },
  { name: 'of', kind: 'integer', tag: false },
  { name: 'id', kind: 'string', tag: false },
];
const encodeIncident = compileFieldEncoder(incidentFields);

/**
 * Writes each change of an incident to the store, measurement `incident`. Its series are what incidents are about, not
 * the incidents themselves, so that there are never more of them than sites, addresses, firmware and devices.
 */
export class IncidentRecorder {
  readonly #clock: Clock;
  readonly #points: HubPoints;
  readonly #times = new OwnTimes();
  /** What each open incident was about when it was last written: its scope may widen. */
  readonly #subjects = new Map<string, string>();

  constructor(deps: { clock: Clock; writer: Writer; ledger: Ledger }) {
    this.#clock = deps.clock;
    this.#points = new HubPoints(deps);
  }

  incidentChanged(incident: Incident): void {
    const { id, state } = incident;
    const subject = subjectOf(incident);
    const before = this.#subjects.get(id);
    if (before !== undefined && before !== subject) this.#write({ ...incident, state: 'closed' }, before);
    if (state === 'open') this.#subjects.set(id, subject);
    else this.#subjects.delete(id);
    this.#write(incident, subject);
  }

  #write({ id, kind, state, devices, of }: Incident, subject: string): void {
    const prefix = encodePrefix('incident', { kind, subject });
    const fields = encodeIncident({ open: state === 'open' ? 1 : 0, devices, of, id });
    const timeMs = this.#times.next(`${kind} ${subject}`, this.#clock.now());
    this.#points.write(`${prefix}${fields} ${encodeTimeUs(timeMs)}`);
    if (state === 'closed') this.#times.forget(`${kind} ${subject}`);
  }
}

/** `site berlin`, the name of a schedule, the id of a device. */
function subjectOf({ scope, subject, sample, kind }: Incident): string {
  // A device names its firmware itself.
  return tagText(scope === undefined ? (subject ?? sample[0] ?? kind) : `${scope.by} ${scope.value}`);
}
