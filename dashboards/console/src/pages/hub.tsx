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
import { rateWords, sizeWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';

/** The state of the hub itself: where every reading is, and the systems it depends on. */
export function HubPage() {
  const views = viewsOf();
  const view = query.value.get('view') ?? '';
  if (view !== '' && views.some(([each]) => each === view))
    return (
      <>
        <header class="page-head">
          <h1>{texts.hubState.hub}</h1>
          <Tabs label={texts.hubState.partsOfTheHub} views={views} />
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
    ['', texts.common.state],
    ...(mayAs('admin')
      ? ([
          ['accounts', texts.hubState.accounts],
          ['config', texts.hubState.configuration],
        ] as const)
      : []),
    ...(seesAll() ? [['audit', texts.common.audit] as const] : []),
  ];
}

function HubState() {
  const { course, fault, load } = useHub();
  const hub = course.at(-1);
  return (
    <>
      <header class="page-head">
        <h1>{texts.hubState.hub}</h1>
        {hub !== undefined && (
          <p class="quiet">
            {texts.hubState.process(
              hub.name,
              hub.version,
              <Age ms={hub.startedMs} />,
              sizeWords(hub.memory.rssBytes),
              <a href="/interfaces">{texts.hubState.interfaces}</a>,
            )}
          </p>
        )}
        {seesAll() && <Tabs label={texts.hubState.partsOfTheHub} views={viewsOf()} />}
      </header>
      {hub === undefined && fault === undefined && <Loading what={texts.hubState.theHubsState} />}
      {hub === undefined && fault !== undefined && (
        <Failed what={texts.hubState.theHubsState} error={fault} retry={load} />
      )}
      {hub !== undefined && <Overview hub={hub} course={course} />}
    </>
  );
}

function Overview({ hub, course }: { readonly hub: HubSnapshot; readonly course: readonly HubSnapshot[] }) {
  const { lastDay } = hub;
  const none = texts.hubState.noneInTheLastDay;
  return (
    <>
      <div class="hub-cards">
        <PartCard title={texts.hubState.metricsStore} part={hub.store} />
        <PartCard title={texts.hubState.messageBroker} part={hub.bus}>
          {hub.bus.queued > 0 && (
            <p>{texts.hubState.waitingToBePublished(texts.counts.messages(hub.bus.queued))}</p>
          )}
        </PartCard>
        <PartCard title={texts.hubState.clock} part={hub.clock} words={['right', texts.hubState.inDoubt]}>
          {!hub.clock.up && mayAs('admin') && <AcceptClock />}
        </PartCard>
        <section class="card hub-card" aria-label={texts.hubState.rates}>
          <h2>{texts.hubState.messages}</h2>
          <p class="big">{texts.hubState.perSecond(rateWords(hub.messagesPerSec))}</p>
          <p class="quiet">
            {texts.hubState.pointsStored(rateWords(hub.storedPerSec), texts.counts.sessions(hub.sessions))}
          </p>
        </section>
        <EventLoopPanel course={course} room={keptSec} />
      </div>
      {seesAll() && <ClusterPanel />}
      <Panel title={texts.hubState.dataPipeline}>
        <LedgerPicture ledger={hub.ledger} />
      </Panel>
      <Panel title={texts.hubState.queues}>
        <Queues hub={hub} />
      </Panel>
      <div class="hub-counts">
        <Panel title={texts.hubState.rejectedReadings}>
          <CountTable what={texts.common.reason} counts={lastDay.rejected} none={none} />
        </Panel>
        <Panel title={texts.hubState.endedCommands}>
          <CountTable what={texts.common.status} counts={lastDay.commands} none={none} />
        </Panel>
        <Panel title={texts.hubState.closedConnections}>
          <h3>{texts.hubState.byTheHub}</h3>
          <CountTable what={texts.hubState.code} counts={lastDay.closes} words={closeWords} none={none} />
          <h3>{texts.hubState.byTheDevice}</h3>
          <CountTable what={texts.hubState.code} counts={lastDay.losses} words={lossWords} none={none} />
        </Panel>
      </div>
      <DeadLetters count={hub.spool.deadLetters} />
    </>
  );
}
