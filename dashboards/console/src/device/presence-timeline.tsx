import { useState } from 'preact/hooks';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import type { PresenceChange } from '../../../../schemas/api/presence-history.ts';
import type { PresenceState } from '../../../../schemas/presence-states.ts';
import { ask } from '../api.ts';
import { Failed } from '../components/states.tsx';
import { StateBadge } from '../components/state-badge.tsx';
import { stateWord } from '../components/state-word.ts';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { nowMs } from '../now.ts';
import { texts } from '../texts/texts.ts';
import { shortTime } from '../time.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';
import { knownText, segmentsOf, sharesOf } from './presence-segments.ts';
import { spanOf, type Range } from './charts/ranges.ts';
import { reasonText } from './connection-history-text.ts';

/** The height of each state in the picture, 0 to 1: the less available the device, the lower. */
const heights: Readonly<Record<PresenceState, number>> = {
  online: 1,
  suspect: 0.75,
  migrating: 0.6,
  sleeping: 0.5,
  unknown: 0.35,
  overdue: 0.3,
  offline: 0.25,
  disabled: 0.15,
  'never-seen': 0.1,
};

/** Changes of the last answer that are asked for. */
const mostChanges = 1_000;
/** Rows of the table that replaces the picture for screen readers. */
const tableRows = 50;

interface PresenceTimelineProps {
  details: DeviceDetails;
  range: Range;
  /** Where it ends, Unix ms as text; null: now. */
  until: string | null;
}

/** The device's presence over the chosen time, as a picture and as a table. */
export function PresenceTimeline({ details, range, until }: PresenceTimelineProps) {
  const { id } = details;
  const load = useLoad(
    (signal) => {
      const { fromMs, toMs } = spanOf(range, until, Date.now());
      const query = { fromMs, toMs, limit: mostChanges };
      return ask('GET /api/v1/devices/{id}/presence', { params: { id }, query, signal });
    },
    [id, range.key, until],
  );
  useLive(`device:${id}`, { watching: load.reload });
  const [live, setLive] = useState<readonly PresenceChange[]>([]);
  const latest = live.at(-1);
  // The store gets a change a little later than this page does.
  if (details.sinceMs !== null && latest?.timeMs !== details.sinceMs) {
    const change = { timeMs: details.sinceMs, state: details.presence, reason: details.reason ?? '' };
    setLive([...live, change].slice(-mostChanges));
  }
  if (load.state.kind === 'failed')
    return <Failed what={texts.device.itsPresence} error={load.state.error} retry={load.reload} />;
  const stored = load.state.kind === 'loaded' ? load.state.value : undefined;
  const changes = joined(stored?.changes ?? [], live);
  const span = spanOf(range, until, nowMs.value);
  const segments = segmentsOf({ changes, stateBefore: stored?.stateBefore ?? null }, span);
  const length = span.toMs - span.fromMs;
  const shares = sharesOf(segments);
  const known = knownText(segments, span, details.registeredMs);
  const words = shares.map(({ state, tenths }) => `${stateWord(state)} ${shareText(tenths)}`).join(', ');
  return (
    <div class="presence">
      <svg
        class="presence-bar"
        role="img"
        aria-label={texts.device.presenceSummary(words || texts.device.noDataForThisPeriod)}
      >
        {segments.map(({ state, fromMs, toMs }) => (
          <rect
            key={fromMs}
            class={`presence-${state}`}
            x={`${((fromMs - span.fromMs) / length) * 100}%`}
            width={`${((toMs - fromMs) / length) * 100}%`}
            y={`${(1 - heights[state]) * 100}%`}
            height={`${heights[state] * 100}%`}
          >
            <title>{`${stateWord(state)}, ${shortTime(fromMs)} – ${shortTime(toMs)}`}</title>
          </rect>
        ))}
      </svg>
      <ul class="presence-shares">
        {shares.map(({ state, tenths }) => (
          <li key={state}>
            <StateBadge state={state} /> <span class="quiet">{shareText(tenths)}</span>
          </li>
        ))}
        {known !== '' && <li class="quiet">{known}</li>}
      </ul>
      <ChangesTable changes={changes.filter(({ timeMs }) => timeMs >= span.fromMs && timeMs < span.toMs)} />
    </div>
  );
}

function ChangesTable({ changes }: { changes: readonly PresenceChange[] }) {
  return (
    <details class="values">
      <summary>{texts.device.countedStateChanges(changes.length)}</summary>
      <Table
        label={texts.device.stateChanges}
        heads={[texts.common.time, texts.common.state, texts.common.reason]}
        name="values-scroll"
      >
        {changes
          .slice(-tableRows)
          .toReversed()
          .map(({ timeMs, state, reason }) => (
            <tr key={`${timeMs} ${state}`}>
              <td>
                <Time ms={timeMs} />
              </td>
              <td>
                <StateBadge state={state} />
              </td>
              <td>{reasonText(reason)}</td>
            </tr>
          ))}
      </Table>
    </details>
  );
}

/** Oldest first, each once; times of the store may have fractions of a millisecond. */
function joined(stored: readonly PresenceChange[], live: readonly PresenceChange[]): PresenceChange[] {
  const known = new Set(stored.map(({ timeMs, state }) => `${Math.floor(timeMs)} ${state}`));
  const news = live.filter(({ timeMs, state }) => !known.has(`${Math.floor(timeMs)} ${state}`));
  return [...stored, ...news].toSorted((a, b) => a.timeMs - b.timeMs);
}

function shareText(tenths: number): string {
  return tenths === 1_000 ? '100 %' : `${(tenths / 10).toFixed(1)} %`;
}
