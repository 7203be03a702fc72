import { useState } from 'preact/hooks';
import {
  alarmKinds,
  alarmSeverities,
  type AlarmPage,
  type AlarmView,
} from '../../../../schemas/api/alarms.ts';
import { ask, messageOf } from '../api.ts';
import { everyPage } from '../components/export.tsx';
import { Field } from '../components/field.tsx';
import { SearchField } from '../components/search-field.tsx';
import { Empty } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { setQuery } from '../router.ts';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLive } from '../use-live.ts';
import { Acknowledging } from './acknowledging.tsx';
import { apiQuery, isListed, silencedChoices, stateChoices, type AlarmFilters } from './alarm-filters.ts';
import { AlarmTable } from './alarm-table.tsx';
import { awaitsSomebody, keyOf, stateWords, withAlarm } from './alarm-words.ts';

const pageSize = 100;

/** @param before `next` of the page before */
export function loadAlarms(filters: AlarmFilters, before?: number, signal?: AbortSignal): Promise<AlarmPage> {
  return ask('GET /api/v1/alarms', { query: apiQuery(filters, pageSize, before), signal });
}

export function loadAllAlarms(filters: AlarmFilters): Promise<AlarmView[]> {
  return everyPage(async (before: number | undefined) => {
    const { alarms, next } = await loadAlarms(filters, before);
    return { rows: alarms, next };
  });
}

/** The first page as it was loaded, the changes received since, and the older pages. */
interface Shown {
  readonly loaded: AlarmPage;
  readonly rows: readonly AlarmView[];
  readonly next: number | null;
}

interface AlarmListProps {
  readonly page: AlarmPage;
  readonly filters: AlarmFilters;
  readonly reload: () => void;
  readonly ofOneDevice?: boolean | undefined;
}

/** Alarms as they are now, and the way to acknowledge them. */
export function AlarmList({ page, filters, reload, ofOneDevice }: AlarmListProps) {
  const [{ loaded, rows, next }, setShown] = useState<Shown>(() => shownOf(page));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  // The first page was loaded again, so the older pages have to be loaded again too.
  if (loaded !== page) setShown(shownOf(page));
  useLive('alarms', {
    message: (message) => {
      if (message.t !== 'alarm') return;
      const { alarm } = message;
      setShown((now) => ({ ...now, rows: withAlarm(now.rows, alarm, (one) => isListed(one, filters)) }));
    },
    watching: reload,
  });
  async function older(): Promise<void> {
    try {
      const more = await loadAlarms(filters, next ?? undefined);
      setShown((now) => ({ ...now, rows: [...now.rows, ...more.alarms], next: more.next }));
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  const choose = (alarms: readonly AlarmView[], on: boolean): void =>
    setChosen((before) => {
      const after = new Set(before);
      for (const alarm of alarms) {
        if (on) after.add(keyOf(alarm));
        else after.delete(keyOf(alarm));
      }
      return after;
    });
  const isOperator = mayAs('operator');
  const awaiting = rows.filter((alarm) => awaitsSomebody(alarm) && chosen.has(keyOf(alarm)));
  if (rows.length === 0)
    return ofOneDevice === true ? (
      <p class="quiet">{texts.alarms.noAlarms}</p>
    ) : (
      <Empty title={emptyTitle(filters)} />
    );
  return (
    <>
      {isOperator && (ofOneDevice !== true || awaiting.length > 0) && (
        <Acknowledging
          alarms={awaiting}
          onDone={() => {
            setChosen(new Set());
            reload();
          }}
        />
      )}
      <AlarmTable
        alarms={rows}
        chosen={chosen}
        onChoose={isOperator ? choose : undefined}
        ofOneDevice={ofOneDevice}
      />
      {next !== null && (
        <button type="button" class="button" onClick={() => void older()}>
          {texts.common.showOlder}
        </button>
      )}
    </>
  );
}

function shownOf(page: AlarmPage): Shown {
  return { loaded: page, rows: page.alarms, next: page.next };
}

function emptyTitle({ state, severity, kind, device }: AlarmFilters): string {
  const isFiltered = state !== 'open' || severity !== '' || kind !== '' || device !== '';
  return isFiltered ? texts.alarms.noAlarmMatchesTheseFilters : texts.alarms.noAlarmsNothingIsWrong;
}

const silencedWords = texts.alarms.silencedWords;

export function AlarmFilterBar({ filters }: { readonly filters: AlarmFilters }) {
  return (
    <form
      class="command-filters"
      aria-label={texts.common.filters}
      onSubmit={(event) => event.preventDefault()}
    >
      <Choice name="state" label={texts.common.state} value={filters.state}>
        {stateChoices.map((state) => (
          <option key={state} value={state}>
            {state === 'open' ? texts.alarms.allButClosed : stateWords[state]}
          </option>
        ))}
      </Choice>
      <Choice name="severity" label={texts.alarms.severity} value={filters.severity}>
        <option value="">{texts.alarms.any}</option>
        {alarmSeverities.map((severity) => (
          <option key={severity}>{severity}</option>
        ))}
      </Choice>
      <Choice name="kind" label={texts.common.kind} value={filters.kind}>
        <option value="">{texts.alarms.any}</option>
        {alarmKinds.map((kind) => (
          <option key={kind}>{kind}</option>
        ))}
      </Choice>
      <Choice name="silenced" label={texts.alarms.silencedFilter} value={filters.silenced}>
        {silencedChoices.map((choice) => (
          <option key={choice} value={choice}>
            {silencedWords[choice]}
          </option>
        ))}
      </Choice>
      <SearchField
        label={texts.common.device}
        value={filters.device}
        onValue={(device) => setQuery({ device })}
      />
    </form>
  );
}

function Choice(props: {
  readonly name: keyof AlarmFilters;
  readonly label: string;
  readonly value: string;
  readonly children: preact.ComponentChildren;
}) {
  const { name, label, value, children } = props;
  return (
    <Field label={label}>
      {(control) => (
        <select
          {...control}
          value={value}
          onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
        >
          {children}
        </select>
      )}
    </Field>
  );
}
