import { useState } from 'preact/hooks';
import type { AuditRecord } from '../../../../schemas/api/audit.ts';
import { ask, messageOf } from '../api.ts';
import { Export } from '../components/export.tsx';
import { SearchField } from '../components/search-field.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { TimeFilter } from '../components/time-filter.tsx';
import { Time } from '../components/time.tsx';
import { query, setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { typedTime } from '../time.ts';
import { useLoad } from '../use-load.ts';

const pageSize = 100;
/** Saved at most; the hub may keep a million. */
const mostSaved = 10_000;

const typedNames = ['actor', 'action', 'subject'] as const;
const filterNames = [...typedNames, 'from', 'to'] as const;
type Typed = Readonly<Record<(typeof typedNames)[number], string>>;
/** As they stand in the address; empty: not given. */
type Filters = Readonly<Record<(typeof filterNames)[number], string>>;

const typedHints: Typed = { actor: 'anna', action: 'label', subject: 'd-1' };
const typedWords: Typed = texts.audit.filterWords;

/** Entries that match, newest first. @throws ApiError */
async function load(
  { from, to, ...typed }: Filters,
  limit: number,
  before?: number,
  signal?: AbortSignal,
): Promise<AuditRecord[]> {
  const given = Object.fromEntries(Object.entries(typed).filter(([, value]) => value !== ''));
  const wanted = { ...given, fromMs: typedTime(from), toMs: typedTime(to), limit, before };
  const { entries } = await ask('GET /api/v1/audit', { query: wanted, signal });
  return entries.toReversed();
}

/** Who asked what, by which interface, and how it ended; the filters are part of the address. */
export function AuditList() {
  const { value: asked } = query;
  const filters = Object.fromEntries(filterNames.map((name) => [name, asked.get(name) ?? ''])) as Filters;
  const key = JSON.stringify(filters);
  const first = useLoad((signal) => load(filters, pageSize, undefined, signal), [key]);
  return (
    <Panel title={texts.common.audit} aside={<Export name="audit" rows={() => load(filters, mostSaved)} />}>
      <form
        class="command-filters"
        aria-label={texts.common.filters}
        onSubmit={(event) => event.preventDefault()}
      >
        {typedNames.map((name) => (
          <SearchField
            key={name}
            label={typedWords[name]}
            placeholder={typedHints[name]}
            value={filters[name]}
            onValue={(value) => setQuery({ [name]: value })}
          />
        ))}
        <TimeFilter from={filters.from} to={filters.to} />
      </form>
      <Loaded load={first} what={texts.audit.theAudit}>
        {(entries) => <Entries key={key} first={entries} filters={filters} />}
      </Loaded>
    </Panel>
  );
}

function Entries({ first, filters }: { first: readonly AuditRecord[]; filters: Filters }) {
  const [older, setOlder] = useState<readonly AuditRecord[]>([]);
  const [ended, setEnded] = useState(first.length < pageSize);
  const all = [...first, ...older];
  async function more(): Promise<void> {
    try {
      const page = await load(filters, pageSize, all.at(-1)?.seq);
      setOlder([...older, ...page]);
      setEnded(page.length < pageSize);
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  if (all.length === 0) return <Empty title={texts.audit.noEntryMatchesTheseFilters} />;
  return (
    <>
      <Table
        label={texts.audit.auditNewestFirst}
        heads={[
          texts.common.time,
          texts.audit.who,
          texts.audit.action,
          texts.audit.about,
          texts.audit.outcome,
          texts.audit.details,
        ]}
        stacking
      >
        {all.map(({ seq, timeMs, actor, origin, action, subject, outcome, details }) => (
          <tr key={seq}>
            <td>
              <Time ms={timeMs} />
            </td>
            <td data-head={texts.audit.who}>
              {actor} <span class="quiet">{origin}</span>
            </td>
            <td data-head={texts.audit.action}>{action}</td>
            <td data-head={texts.audit.about} class="long-text">
              {subject}
            </td>
            <td data-head={texts.audit.outcome}>
              {outcome === 'refused' || outcome === 'failed' ? (
                <span class="badge tone-warn">{outcome}</span>
              ) : (
                outcome
              )}
            </td>
            <td data-head={texts.audit.details} class="long-text">
              {details !== undefined && <code>{JSON.stringify(details)}</code>}
            </td>
          </tr>
        ))}
      </Table>
      {!ended && (
        <button type="button" class="button" onClick={() => void more()}>
          {texts.common.showOlder}
        </button>
      )}
    </>
  );
}
