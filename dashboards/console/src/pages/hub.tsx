import { AuditList } from '../audit/audit-list.tsx';
import { Tabs } from '../components/tabs.tsx';
import { Accounts } from '../operators/accounts.tsx';
import { Configuration } from '../hub-state/configuration.tsx';
import { ClusterPanel } from '../hub-state/cluster-panel.tsx';
import { AcceptClock } from '../hub-state/accept-clock.tsx';
import { query } from '../router.ts';
import { mayAs, seesAll } from '../session.ts';
import { Panel } from '../components/panel.tsx';
import { Failed, Loading } from '../components/states.tsx';
import { Age } from '../components/time.tsx';
import { LedgerPicture } from '../hub-state/ledger-picture.tsx';
import { DeadLetters } from '../hub-state/dead-letters.tsx';
import { CountTable, PartCard, Queues } from '../hub-state/hub-panels.tsx';
import { EventLoopPanel } from '../hub-state/event-loop-panel.tsx';
import { keptSec, useHub } from '../hub-state/use-hub.ts';
import { closeWords, lossWords } from '../hub-state/close-words.ts';
import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import { countOf, rateWords, sizeWords } from '../number-words.ts';

/** The state of the hub itself: where every reading is, and the systems it depends on. */
export function HubPage() {
  const views = viewsOf();
  const view = query.value.get('view') ?? '';
  if (view !== '' && views.some(([each]) => each === view))
    return (
      <>
        <header class="page-head">
          <h1>Hub</h1>
          <Tabs label="Parts of the hub" views={views} />
        </header>
        {view === 'accounts' && <Accounts />}
        {view === 'config' && <Configuration />}
        {view === 'audit' && <AuditList />}
      </>
    );
  return <HubState />;
}

/** Those that the operator may see. */
function viewsOf(): (readonly [view: string, word: string])[] {
  return [
    ['', 'State'],
    ...(mayAs('admin')
      ? ([
          ['accounts', 'Accounts'],
          ['config', 'Configuration'],
        ] as const)
      : []),
    ...(seesAll() ? [['audit', 'Audit'] as const] : []),
  ];
}

function HubState() {
  const { course, fault, load } = useHub();
  const hub = course.at(-1);
  return (
    <>
      <header class="page-head">
        <h1>Hub</h1>
        {hub !== undefined && (
          <p class="quiet">
            {hub.name} {hub.version} · started <Age ms={hub.startedMs} /> · {sizeWords(hub.memory.rssBytes)} ·{' '}
            <a href="/interfaces">interfaces</a>
          </p>
        )}
        {seesAll() && <Tabs label="Parts of the hub" views={viewsOf()} />}
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
        <PartCard title="Clock" part={hub.clock} words={['right', 'in doubt']}>
          {!hub.clock.up && mayAs('admin') && <AcceptClock />}
        </PartCard>
        <section class="card hub-card" aria-label="Rates">
          <h2>Messages</h2>
          <p class="big">{rateWords(hub.messagesPerSec)}/s</p>
          <p class="quiet">
            {rateWords(hub.storedPerSec)} points/s stored · {countOf(hub.sessions, 'session')}
          </p>
        </section>
        <EventLoopPanel course={course} room={keptSec} />
      </div>
      {seesAll() && <ClusterPanel />}
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
