import { useEffect } from 'preact/hooks';
import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { historyLines } from './connection-history-text.ts';

/** A device that the hub turns away gets new history entries while its state stays the same, ms. */
const refreshMs = 10_000;

/** Why the device is not online, and the events that led to it. */
export function ConnectionHistoryPanel({ details }: { details: DeviceDetails }) {
  const { id, presence, sinceMs, epoch } = details;
  const load = useLoad((signal) => ask('GET /api/v1/devices/{id}/why', { params: { id }, signal }), [id]);
  const { reload } = load;
  useEffect(() => reload(), [presence, sinceMs, epoch]);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), refreshMs);
    return () => clearInterval(timer);
  }, [id]);
  return (
    <Panel
      title={titleOf(presence)}
      aside={
        <Export
          name={`history-${id}`}
          rows={async () => (await ask('GET /api/v1/devices/{id}/why', { params: { id } })).events}
        />
      }
    >
      <Loaded load={load} what={texts.device.theConnectionHistory}>
        {({ text, events }) => (
          <>
            <p class="why">{text}</p>
            {events.length > 0 && (
              <ol class="connection-history" tabIndex={0} aria-label={texts.device.whatHappenedNewestFirst}>
                {historyLines(events).map(({ key, timeMs, text: line, times }) => (
                  <li key={key}>
                    <span class="quiet">
                      <Time ms={timeMs} />
                    </span>
                    <span>
                      {line}
                      {times !== undefined && <span class="quiet"> {texts.device.times(times)}</span>}
                    </span>
                  </li>
                ))}
              </ol>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function titleOf(presence: DeviceDetails['presence']): string {
  switch (presence) {
    case 'online':
      return texts.device.connectionHistory;
    case 'offline':
    case 'overdue':
    case 'never-seen':
    case 'disabled':
      return texts.device.whyItIsOffline;
    case 'suspect':
    case 'sleeping':
    case 'migrating':
    case 'unknown':
      return texts.device.whyItIsNotOnline;
  }
}
