import type { RejectRow } from '../../../../schemas/api/telemetry/rejects.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty } from '../components/states.tsx';
import { Age } from '../components/time.tsx';
import { countWords, shortCount } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
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
      title={texts.deviceTypes.rejectedReadings}
      aside={
        <>
          <Export name={`rejected-${type}`} rows={() => rejects} />
          <button type="button" class="button small" onClick={reload}>
            {texts.deviceTypes.refresh}
          </button>
        </>
      }
    >
      {rejects.length === 0 ? (
        <Empty title={texts.deviceTypes.noReadingsOfWereRejected(type)} />
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
  const caption = texts.deviceTypes.rejectedReadingsByField;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="heat">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.deviceTypes.field}</th>
            {firmwares.map((firmware) => (
              <th key={firmware} scope="col">
                {firmware === '' ? texts.deviceTypes.firmwareNotReported : firmware}
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
        <caption class="visually-hidden">{texts.deviceTypes.rejectedReadingsByRule}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.deviceTypes.field}</th>
            <th scope="col">{texts.deviceTypes.rule}</th>
            <th scope="col">{texts.common.firmware}</th>
            <th scope="col" class="number">
              {texts.deviceTypes.readings}
            </th>
            <th scope="col">{texts.deviceTypes.last}</th>
            <th scope="col">{texts.deviceTypes.example}</th>
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
                <td data-head={texts.deviceTypes.rule}>{rule}</td>
                <td data-head={texts.common.firmware}>{firmware === '' ? '–' : firmware}</td>
                <td class="number" data-head={texts.deviceTypes.readings}>
                  {countWords(count)}
                </td>
                <td data-head={texts.deviceTypes.last}>
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
