import type { RejectRow } from '../../../../schemas/api/telemetry/rejects.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty } from '../components/states.tsx';
import { countWords, shortCount } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { RejectsTable } from './rejects-table.tsx';
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
          <RejectsTable
            caption={texts.deviceTypes.rejectedReadingsByRule}
            rejects={rejects.toSorted((a, b) => b.count - a.count)}
          />
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
