import type { ComponentChildren } from 'preact';
import { StateBadge } from '../components/state-badge.tsx';
import { Age, Time } from '../components/time.tsx';
import type { DeviceDetails } from './device-details.ts';
import { reasonText } from './story-text.ts';

/** What the device is, its state and since when, and when it was last heard of. */
export function DeviceHeader({ details }: { details: DeviceDetails }) {
  const { id, type, site, labels, presence, sinceMs, reason, firmware, epoch, registeredMs } = details;
  return (
    <section class="card device-header" aria-label="State">
      <div class="device-title">
        <h1>{id}</h1>
        <p class="device-state" role="status">
          <StateBadge state={presence} />
          {reason !== undefined && <span> {reasonText(reason)}, </span>}
          <span class="quiet">
            <Age ms={sinceMs} none="no time known" />
          </span>
        </p>
      </div>
      <dl class="marks">
        <Mark
          word="Last pong"
          ms={details.lastPongMs}
          hint="Its network stack answered a ping: the link works."
        />
        <Mark word="Last frame" ms={details.lastFrameMs} hint="Its application spoke." />
        <Mark word="Last data" ms={details.lastDataMs} hint="A reading or an event came." />
      </dl>
      <dl class="facts">
        <Fact word="Type">{type}</Fact>
        <Fact word="Site">{site}</Fact>
        <Fact word="Firmware">{firmware ?? '–'}</Fact>
        <Fact word="Clock">
          <Clock clock={details.clock} />
        </Fact>
        <Fact word="Session">{epoch === 0 ? 'never had one' : epoch.toLocaleString()}</Fact>
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

function Fact({ word, children }: { word: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Clock({ clock }: { clock: DeviceDetails['clock'] }) {
  if (clock === undefined) return <>–</>;
  const { quality, offsetMs, driftMs } = clock;
  const parts = [
    ...(offsetMs === undefined ? [] : [`off by ${signed(offsetMs)}`]),
    ...(Math.abs(driftMs) >= 1 ? [`drift ${signed(driftMs)}`] : []),
  ];
  return (
    <>
      {quality === 'unknown' ? 'not known yet' : quality}
      {parts.length > 0 && <span class="quiet"> {parts.join(', ')}</span>}
    </>
  );
}

function signed(ms: number): string {
  const rounded = Math.round(ms);
  const sign = rounded < 0 ? '−' : '+';
  const size = Math.abs(rounded);
  return size >= 10_000 ? `${sign}${(size / 1_000).toFixed(0)} s` : `${sign}${size.toLocaleString()} ms`;
}
