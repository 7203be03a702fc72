import { everyPage, Export } from '../components/export.tsx';
import { commandStatuses } from '../../../../schemas/command-status.ts';
import { useState } from 'preact/hooks';
import { ask, messageOf } from '../api.ts';
import { Dialog } from '../components/dialog.tsx';
import { Field } from '../components/field.tsx';
import { SearchField } from '../components/search-field.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { TimeFilter } from '../components/time-filter.tsx';
import { Time } from '../components/time.tsx';
import { reasonWords } from '../forms/command-words.ts';
import { query, setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';
import { CommandBadge } from './command-badge.tsx';
import { CommandDetail } from './command-detail.tsx';
import { useCommandWords } from './command-names.ts';
import { apiQuery, merged, readFilters, type CommandFilters } from './command-filters.ts';
import type { CommandPage, CommandView } from '../../../../schemas/api/commands/commands.ts';

const pageSize = 100;

async function load(filters: CommandFilters, before?: number, signal?: AbortSignal): Promise<CommandPage> {
  return ask('GET /api/v1/commands', { query: apiQuery(filters, pageSize, before), signal });
}

function loadAll(filters: CommandFilters): Promise<CommandView[]> {
  return everyPage(async (before: number | undefined) => {
    const { commands, next } = await load(filters, before);
    return { rows: commands, next };
  });
}

/** Commands, newest first, live; the filters are part of the address. */
export function CommandList() {
  const filters = readFilters(query.value);
  const key = JSON.stringify(filters);
  const first = useLoad((signal) => load(filters, undefined, signal), [key]);
  return (
    <Panel
      title={texts.commands.sentToDevices}
      aside={<Export name="commands" rows={() => loadAll(filters)} />}
    >
      <Filters filters={filters} />
      <Loaded load={first} what={texts.commands.theCommands}>
        {(page) => <Rows key={key} page={page} filters={filters} reload={first.reload} />}
      </Loaded>
    </Panel>
  );
}

function Filters({ filters }: { readonly filters: CommandFilters }) {
  return (
    <form
      class="command-filters"
      aria-label={texts.common.filters}
      onSubmit={(event) => event.preventDefault()}
    >
      {(['device', 'name'] as const).map((name) => (
        <SearchField
          key={name}
          label={name === 'device' ? texts.common.device : texts.common.command}
          value={filters[name]}
          onValue={(value) => setQuery({ [name]: value })}
        />
      ))}
      <Field label={texts.common.status}>
        {(control) => (
          <select
            {...control}
            value={filters.status}
            onChange={(event) => setQuery({ status: event.currentTarget.value })}
          >
            <option value="">{texts.commands.any}</option>
            <option value="open">{texts.commands.open}</option>
            <option value="ended">{texts.commands.ended}</option>
            {commandStatuses.map((status) => (
              <option key={status} value={status}>
                {status}
              </option>
            ))}
          </select>
        )}
      </Field>
      <TimeFilter from={filters.from} to={filters.to} />
    </form>
  );
}

/** The first page as it was loaded, the changes received since, and the older pages. */
interface Shown {
  readonly loaded: CommandPage;
  readonly rows: readonly CommandView[];
  readonly next: number | undefined;
}

function shownOf(page: CommandPage): Shown {
  return { loaded: page, rows: page.commands, next: page.next };
}

interface RowsProps {
  readonly page: CommandPage;
  readonly filters: CommandFilters;
  readonly reload: () => void;
}

function Rows({ page, filters, reload }: RowsProps) {
  const [{ loaded, rows, next }, setShown] = useState<Shown>(() => shownOf(page));
  const wordsOf = useCommandWords();
  // Kept even when it leaves the list: the open dialog follows it.
  const [chosen, setChosen] = useState<CommandView>();
  // The first page was loaded again, so the older pages have to be loaded again too.
  if (loaded !== page) setShown(shownOf(page));
  useLive('commands', {
    message: (message) => {
      if (message.t !== 'command') return;
      const { command } = message;
      setShown((now) => ({ ...now, rows: merged(now.rows, command, filters) }));
    },
    watching: reload,
  });
  async function older(): Promise<void> {
    try {
      const more = await load(filters, next);
      setShown((now) => ({ ...now, rows: [...now.rows, ...more.commands], next: more.next }));
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <>
      {rows.length === 0 ? (
        <Empty title={texts.commands.noCommandsHere}>
          <p>{texts.commands.commandsSentFromADevices}</p>
          <p>
            {texts.commands.sendOne(
              <a href="/devices">{texts.commands.toADevice}</a>,
              <a href="/commands?view=groups">{texts.commands.toAGroup}</a>,
            )}
          </p>
        </Empty>
      ) : (
        <CommandTable rows={rows} onChoose={setChosen} />
      )}
      {next !== undefined && (
        <button type="button" class="button" onClick={() => void older()}>
          {texts.common.showOlder}
        </button>
      )}
      {chosen !== undefined && (
        <Dialog
          title={texts.commands.nameOnDevice(wordsOf(chosen.name), chosen.device)}
          onClose={() => setChosen(undefined)}
        >
          <CommandDetail command={chosen} />
        </Dialog>
      )}
    </>
  );
}

interface CommandTableProps {
  readonly rows: readonly CommandView[];
  readonly onChoose: (command: CommandView) => void;
}

function CommandTable({ rows, onChoose }: CommandTableProps) {
  const wordsOf = useCommandWords();
  return (
    <div class="table-scroll">
      <table class="table stacking">
        <caption class="visually-hidden">{texts.commands.commandsNewestFirst}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.commands.accepted}</th>
            <th scope="col">{texts.common.device}</th>
            <th scope="col">{texts.common.command}</th>
            <th scope="col">{texts.common.status}</th>
            <th scope="col">{texts.common.reason}</th>
            <th scope="col">{texts.commands.sentBy}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              <td>
                <Time ms={row.accepted} />
              </td>
              <td>
                <a href={`/devices/${encodeURIComponent(row.device)}`}>{row.device}</a>
              </td>
              <td>
                <button type="button" class="link-button" onClick={() => onChoose(row)}>
                  {wordsOf(row.name)}
                </button>
              </td>
              <td>
                <CommandBadge status={row.status} />
              </td>
              <td>{row.reason === undefined ? '' : reasonWords(row.reason)}</td>
              <td class="quiet">{row.actor ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function keyOf({ device, id }: CommandView): string {
  return `${device}/${id}`;
}
