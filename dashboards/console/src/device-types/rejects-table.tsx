import type { TypeCheck } from '../../../../schemas/api/device-types.ts';
import { Age } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';

interface Reject extends Readonly<TypeCheck['rejects'][number]> {
  /** When one came last, Unix ms; none of readings that are only judged again. */
  readonly lastMs?: number;
}

interface RejectsTableProps {
  readonly caption: string;
  readonly rejects: readonly Reject[];
}

/** Rejected readings, a row for each rule and firmware. */
export function RejectsTable({ caption, rejects }: RejectsTableProps) {
  const haveCome = rejects.some(({ lastMs }) => lastMs !== undefined);
  return (
    <div class="table-scroll">
      <table class="table stacking">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.deviceTypes.field}</th>
            <th scope="col">{texts.deviceTypes.rule}</th>
            <th scope="col">{texts.common.firmware}</th>
            <th scope="col" class="number">
              {texts.deviceTypes.readings}
            </th>
            {haveCome && <th scope="col">{texts.deviceTypes.last}</th>}
            <th scope="col">{texts.deviceTypes.example}</th>
          </tr>
        </thead>
        <tbody>
          {rejects.map(({ stream, field, rule, firmware, count, lastMs, example }) => (
            <tr key={JSON.stringify([stream, field, rule, firmware])}>
              <th scope="row">
                <code>{`${stream}${field}`}</code>
              </th>
              <td data-head={texts.deviceTypes.rule}>{rule}</td>
              <td data-head={texts.common.firmware}>{firmware === '' ? '–' : firmware}</td>
              <td class="number" data-head={texts.deviceTypes.readings}>
                {countWords(count)}
              </td>
              {lastMs !== undefined && (
                <td data-head={texts.deviceTypes.last}>
                  <Age ms={lastMs} />
                </td>
              )}
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
