import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Failed, Loading } from '../components/states.tsx';
import { Age } from '../components/time.tsx';
import { LedgerPicture } from '../hub-state/ledger-picture.tsx';
import { DeadLetters } from '../hub-state/dead-letters.tsx';
import { CountTable, PartCard, Queues } from '../hub-state/hub-panels.tsx';
import { EventLoopPanel } from '../hub-state/event-loop-panel.tsx';
import { closeWords, lossWords } from '../hub-state/close-words.ts';
import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import { countOf, rateWords, sizeWords } from '../number-words.ts';
import { useLive } from '../use-live.ts';

/** Seconds of history that are kept. */
const keptSec = 120;

/** The state of the hub itself: where every reading is, and the systems it depends on. */
export function HubPage() {
  const [course, setCourse] = useState<readonly HubSnapshot[]>([]);
  const [fault, setFault] = useState<unknown>();
  const add = (next: HubSnapshot): void => {
    setFault(undefined);
    setCourse((before) => [...before, next].slice(-keptSec));
  };
  const load = (): void => void ask('GET /api/v1/hub', {}).then(add, setFault);
  useLive('hub', {
    message: (message) => {
      if (message.t === 'hub') add(message);
    },
    watching: load,
  });
  const hub = course.at(-1);
  return (
    <>
      <header class="page-head">
        <h1>Hub</h1>
        {hub !== undefined && (
          <p class="quiet">
            {hub.name} {hub.version} · started <Age ms={hub.startedMs} /> · {sizeWords(hub.memory.rssBytes)}
          </p>
        )}
      </header>
      {hub === undefined && fault === undefined && <Loading what="the hub's state" />}
      {hub === undefined && fault !== undefined && (
        <Failed what="the hub's state" error={fault} retry={load} />
      )}
      {hub !== undefined && <Overview hub={hub} course={course} />}
    </>
  );
}

function Overview({ hub, course }: { readonly hub: HubSnapshot; readonly course: readonly HubSnapshot[] }) {
  const { lastDay } = hub;
  const none = 'None in the last 24 hours';
  return (
    <>
      <div class="hub-cards">
        <PartCard title="Metrics store" part={hub.store} />
        <PartCard title="Message broker" part={hub.bus}>
          {hub.bus.queued > 0 && <p>{countOf(hub.bus.queued, 'message')} waiting to be published</p>}
        </PartCard>
        <PartCard title="Clock" part={hub.clock} words={['right', 'in doubt']} />
        <section class="card hub-card" aria-label="Rates">
          <h2>Messages</h2>
          <p class="big">{rateWords(hub.messagesPerSec)}/s</p>
          <p class="quiet">
            {rateWords(hub.storedPerSec)} points/s stored · {countOf(hub.sessions, 'session')}
          </p>
        </section>
        <EventLoopPanel course={course} room={keptSec} />
      </div>
      <Panel title="Data pipeline">
        <LedgerPicture ledger={hub.ledger} />
      </Panel>
      <Panel title="Queues">
        <Queues hub={hub} />
      </Panel>
      <div class="hub-counts">
        <Panel title="Rejected readings, last 24 h">
          <CountTable what="Reason" counts={lastDay.rejected} none={none} />
        </Panel>
        <Panel title="Ended commands, last 24 h">
          <CountTable what="Status" counts={lastDay.commands} none={none} />
        </Panel>
        <Panel title="Closed connections, last 24 h">
          <h3>By the hub</h3>
          <CountTable what="Code" counts={lastDay.closes} words={closeWords} none={none} />
          <h3>By the device or the network</h3>
          <CountTable what="Code" counts={lastDay.losses} words={lossWords} none={none} />
        </Panel>
      </div>
      <DeadLetters count={hub.spool.deadLetters} />
    </>
  );
}
