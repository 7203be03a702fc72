import type { ComponentChildren } from 'preact';
import { StateBadge } from '../components/state-badge.tsx';
import { Age, Time } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { clockText } from './clock-text.ts';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { reasonText } from './connection-history-text.ts';

/** What the device is, its state and since when, and when it last sent something. */
export function DeviceHeader({ details }: { details: DeviceDetails }) {
  const { id, type, site, labels, presence, sinceMs, reason, firmware, epoch, registeredMs, session, clock } =
    details;
  return (
    <section class="card device-header" aria-label={texts.common.state}>
      <div class="device-title">
        <h1>{id}</h1>
        <p class="device-state" role="status">
          <StateBadge state={presence} />
          {reason !== undefined && <span> {reasonText(reason)}, </span>}
          <span class="quiet">
            <Age ms={sinceMs} none={texts.device.timeUnknown} />
          </span>
        </p>
      </div>
      <dl class="marks">
        {details.lastPongMs !== null && (
          <Mark
            word={texts.device.lastPong}
            ms={details.lastPongMs}
            hint={texts.device.itsNetworkStackAnswered}
          />
        )}
        <Mark
          word={texts.device.lastFrame}
          ms={details.lastFrameMs}
          hint={texts.device.itsApplicationSentAFrame}
        />
        <Mark word={texts.device.lastData} ms={details.lastDataMs} hint={texts.device.itSentAReading} />
      </dl>
      <dl class="facts">
        <Fact word={texts.common.type}>{type}</Fact>
        <Fact word={texts.device.site}>{site}</Fact>
        <Fact word={texts.common.firmware}>
          {firmware ?? '–'} <LastKnown ms={details.firmwareHeardMs} />
        </Fact>
        <Fact word={texts.device.clock}>
          {clock === undefined ? '–' : clockText(clock)}{' '}
          {session?.open !== true && <LastKnown ms={clock?.measuredMs} />}
        </Fact>
        <Fact word={texts.device.session}>{epoch === 0 ? texts.device.noneYet : countWords(epoch)}</Fact>
        {session !== undefined && (
          <>
            <Fact word={session.open ? texts.device.typeVersionInUse : texts.device.typeVersionLastUsed}>
              {session.deviceType}
            </Fact>
            <Fact word={session.open ? texts.common.address : texts.device.lastAddress}>
              {session.address}
            </Fact>
          </>
        )}
        <Fact word={texts.device.registered}>
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
  return <span class="quiet">{texts.device.lastKnownMs(<Age ms={ms} />)}</span>;
}

function Fact({ word, children }: { word: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd>{children}</dd>
    </div>
  );
}
