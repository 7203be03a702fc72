import type { RejectRow } from '../../../../schemas/api/telemetry/rejects.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty } from '../components/states.tsx';
import { Age } from '../components/time.tsx';
import { countWords, shortCount } from '../number-words.ts';
import { gridOf, levelOf } from './rejects.ts';

interface RejectsProps {
  readonly type: string;
  readonly rejects: readonly RejectRow[];
  readonly reload: () => void;
}

/** Readings of one device type that the hub rejected: by field and firmware, and by rule. */
export function Rejects({ type, rejects, reload }: RejectsProps) {
  return (
    <Panel
      title="Rejected readings"
      aside={
        <>
          <Export name={`rejected-${type}`} rows={() => rejects} />
          <button type="button" class="button small" onClick={reload}>
            Refresh
          </button>
        </>
      }
    >
      {rejects.length === 0 ? (
        <Empty title={`No readings of ${type} were rejected in the last 7 days`} />
      ) : (
        <>
          <Picture rejects={rejects} />
          <RejectTable rejects={rejects} />
        </>
      )}
    </Panel>
  );
}

const mostShown = 12;

/** A heat map: the darker, the more. It is a table, so that screen readers can read it out. */
function Picture({ rejects }: { readonly rejects: readonly RejectRow[] }) {
  const { fields, firmwares, cells, max } = gridOf(rejects, mostShown);
  const caption = 'Rejected readings by field and firmware';
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="heat">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            {firmwares.map((firmware) => (
              <th key={firmware} scope="col">
                {firmware === '' ? 'firmware not reported' : firmware}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {fields.map(({ stream, field }, row) => (
            <tr key={`${stream}${field}`}>
              <th scope="row">
                <code>{`${stream}${field}`}</code>
              </th>
              {firmwares.map((firmware, column) => {
                const count = cells[row]?.[column] ?? 0;
                return (
                  <td key={firmware} class={`heat-${levelOf(count, max)}`} title={countWords(count)}>
                    {count > 0 && shortCount(count)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RejectTable({ rejects }: { readonly rejects: readonly RejectRow[] }) {
  return (
    <div class="table-scroll">
      <table class="table stacking">
        <caption class="visually-hidden">Rejected readings by rule</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Rule</th>
            <th scope="col">Firmware</th>
            <th scope="col" class="number">
              Readings
            </th>
            <th scope="col">Last</th>
            <th scope="col">Example</th>
          </tr>
        </thead>
        <tbody>
          {rejects
            .toSorted((a, b) => b.count - a.count)
            .map(({ stream, field, rule, firmware, count, lastMs, example }) => (
              <tr key={JSON.stringify([stream, field, rule, firmware])}>
                <th scope="row">
                  <code>{`${stream}${field}`}</code>
                </th>
                <td data-head="Rule">{rule}</td>
                <td data-head="Firmware">{firmware === '' ? '–' : firmware}</td>
                <td class="number" data-head="Readings">
                  {countWords(count)}
                </td>
                <td data-head="Last">
                  <Age ms={lastMs} />
                </td>
                <td>
                  <a href={`/devices/${encodeURIComponent(example.device)}`}>{example.device}</a>{' '}
                  <span class="quiet">{example.message}</span>
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
