import type { Incident } from '../../schemas/api/incidents.ts';
import type { Presence } from '../../schemas/api/presence.ts';
import type { DeviceType } from '../../schemas/index.ts';
import type { TwinState } from '../../schemas/twin/twin-states.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { CommandFollower } from '../commands/answers.ts';
import type { Command } from '../commands/command.ts';
import type { IncidentFollower } from '../incidents/incident-follower.ts';
import type { PresenceFollower } from '../presence/presence-follower.ts';
import type { ReadingFollower } from '../telemetry/reading-follower.ts';
import type { TwinFollower } from '../twins/twins.ts';
import type { AlarmBoard } from './limit-watch.ts';
import { Overdue } from './overdue.ts';

interface Deps {
  clock: Clock;
  alarms: AlarmBoard;
  typeOf: (device: string) => DeviceType | undefined;
  /** Whether an open incident explains that the device is away. */
  isExplained: (device: string) => boolean;
  /** Of several hubs, one knows of incidents, and judges who stays away. Not given: there is no other hub. */
  leads?: (() => boolean) | undefined;
}

/** Out of sync for longer is an alarm, ms. */
const twinAfterMs = 3_600_000;

/** What goes wrong with devices besides their readings: they stay away, report events, fail commands, are out of sync. */
export class DeviceProblems
  implements ReadingFollower, PresenceFollower, CommandFollower, TwinFollower, IncidentFollower
{
  readonly #deps: Deps;
  readonly #away: Overdue;
  readonly #outOfSync: Overdue;
  /** A device that was away before counts from here: it could not come while no hub ran, Unix ms. */
  readonly #startedMs: number;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#away = new Overdue(deps.clock);
    this.#outOfSync = new Overdue(deps.clock);
    this.#startedMs = deps.clock.now();
  }

  /** Takes up what was so when the hub started. */
  resume(
    presences: Iterable<readonly [string, Presence]>,
    twins: Iterable<readonly [string, { state: TwinState; sinceMs: number }]>,
  ): void {
    for (const [deviceId, presence] of presences) this.presenceChanged(deviceId, presence);
    for (const [deviceId, standing] of twins) this.twinMoved(deviceId, standing);
  }

  followStream(): undefined {
    // See `LimitWatch`.
  }

  event(deviceId: string, name: string, severity: string, timeMs: number): void {
    if (severity !== 'critical' && severity !== 'warning') return;
    const text = `event ${name}`;
    const source = `event.${name}`;
    this.#deps.alarms.raise(deviceId, { source, kind: 'event', severity, text, lasting: false }, timeMs);
  }

  presenceChanged(deviceId: string, { state, sinceMs }: Pick<Presence, 'state' | 'sinceMs'>): void {
    const afterSec = this.#deps.typeOf(deviceId)?.presence.alarmAfterSec;
    // The hub does not know yet: what it knew before holds.
    if (state === 'unknown') return;
    if (state === 'offline' && afterSec !== undefined) {
      this.#away.begin(deviceId, Math.max(sinceMs, this.#startedMs), afterSec * 1000);
    } else {
      this.#away.end(deviceId);
      this.#deps.alarms.clear(deviceId, 'offline');
    }
  }

  /** Its alarms that end with its being back are the same ones at every hub, but its twin stands at the other one. */
  changedElsewhere(deviceId: string, presence: Pick<Presence, 'state' | 'sinceMs'>): void {
    this.presenceChanged(deviceId, presence);
    this.#outOfSync.end(deviceId);
  }

  commandChanged({ device, name, safety, status, reason, changedMs }: Command): void {
    if (safety !== 'actuate' && safety !== 'critical') return;
    if (status !== 'failed' && status !== 'lost') return;
    const text = `command ${name} ${status}${reason === undefined ? '' : `: ${reason}`}`;
    const severity = safety === 'critical' ? 'critical' : 'warning';
    const problem = { source: `command.${name}`, kind: 'command', severity, text, lasting: false } as const;
    this.#deps.alarms.raise(device, problem, changedMs);
  }

  twinMoved(deviceId: string, { state, sinceMs }: { state: TwinState; sinceMs: number }): void {
    if (state !== 'in-sync') {
      this.#outOfSync.begin(deviceId, sinceMs, twinAfterMs);
      return;
    }
    this.#outOfSync.end(deviceId);
    this.#deps.alarms.clear(deviceId, 'twin');
  }

  /** One incident instead of many alarms. */
  incidentChanged({ id, kind, state }: Incident, members: Iterable<string>): void {
    if (kind !== 'correlated-loss' || state !== 'open') return;
    for (const deviceId of members) this.#deps.alarms.withdraw(deviceId, 'offline', `incident ${id}`);
  }

  /** The device is no longer registered. */
  removed(deviceId: string): void {
    this.#away.end(deviceId);
    this.#outOfSync.end(deviceId);
  }

  /** To be called about once a second. */
  sweep(): void {
    const { alarms, isExplained, leads = () => true } = this.#deps;
    for (const deviceId of leads() ? this.#away.due() : []) {
      if (alarms.isActive(deviceId, 'offline') || isExplained(deviceId)) continue;
      const text = 'offline';
      alarms.raise(deviceId, {
        source: 'offline',
        kind: 'offline',
        severity: 'warning',
        text,
        lasting: true,
      });
    }
    for (const deviceId of this.#outOfSync.due()) {
      if (alarms.isActive(deviceId, 'twin')) continue;
      const text = 'out of sync with what is desired';
      alarms.raise(deviceId, { source: 'twin', kind: 'twin', severity: 'warning', text, lasting: true });
    }
  }
}
