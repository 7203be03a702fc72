import type { ComponentChildren } from 'preact';
import { StateBadge } from '../components/state-badge.tsx';
import { Age, Time } from '../components/time.tsx';
import { clockText } from './clock-text.ts';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { reasonText } from './connection-history-text.ts';

/** What the device is, its state and since when, and when it last sent something. */
export function DeviceHeader({ details }: { details: DeviceDetails }) {
  const { id, type, site, labels, presence, sinceMs, reason, firmware, epoch, registeredMs, session, clock } =
    details;
  return (
    <section class="card device-header" aria-label="State">
      <div class="device-title">
        <h1>{id}</h1>
        <p class="device-state" role="status">
          <StateBadge state={presence} />
          {reason !== undefined && <span> {reasonText(reason)}, </span>}
          <span class="quiet">
            <Age ms={sinceMs} none="time unknown" />
          </span>
        </p>
      </div>
      <dl class="marks">
        {details.lastPongMs !== null && (
          <Mark
            word="Last pong"
            ms={details.lastPongMs}
            hint="Its network stack answered a ping: the link works. The hub pings only a device that would hear nothing else."
          />
        )}
        <Mark word="Last frame" ms={details.lastFrameMs} hint="Its application sent a frame." />
        <Mark word="Last data" ms={details.lastDataMs} hint="It sent a reading or an event." />
      </dl>
      <dl class="facts">
        <Fact word="Type">{type}</Fact>
        <Fact word="Site">{site}</Fact>
        <Fact word="Firmware">
          {firmware ?? '–'} <LastKnown ms={details.firmwareHeardMs} />
        </Fact>
        <Fact word="Clock">
          {clock === undefined ? '–' : clockText(clock)}{' '}
          {session?.open !== true && <LastKnown ms={clock?.measuredMs} />}
        </Fact>
        <Fact word="Session">{epoch === 0 ? 'none yet' : epoch.toLocaleString()}</Fact>
        {session !== undefined && (
          <>
            <Fact word={session.open ? 'Type version in use' : 'Type version last used'}>
              {session.deviceType}
            </Fact>
            <Fact word={session.open ? 'Address' : 'Last address'}>{session.address}</Fact>
          </>
        )}
        <Fact word="Registered">
          <Time ms={registeredMs} />
        </Fact>
        {Object.entries(labels).map(([key, value]) => (
          <Fact key={key} word={key}>
            {value}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Mark({ word, ms, hint }: { word: string; ms: number | null; hint: string }) {
  return (
    <div title={hint}>
      <dt>{word}</dt>
      <dd>
        <Age ms={ms} />
      </dd>
    </div>
  );
}

/** When something that is not current was last known; nothing when it is current. */
function LastKnown({ ms }: { ms: number | undefined }) {
  if (ms === undefined) return null;
  return (
    <span class="quiet">
      (last known, <Age ms={ms} />)
    </span>
  );
}

function Fact({ word, children }: { word: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd>{children}</dd>
    </div>
  );
}
