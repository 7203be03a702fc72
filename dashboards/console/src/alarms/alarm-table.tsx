import type { AlarmView } from '../../../../schemas/api/alarms.ts';
import { Age, Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { awaitsSomebody, keyOf, severityTones, stateWords } from './alarm-words.ts';

interface AlarmTableProps {
  readonly alarms: readonly AlarmView[];
  /** Keys of the chosen ones; not given: none can be chosen. */
  readonly chosen?: ReadonlySet<string> | undefined;
  readonly onChoose?: ((alarms: readonly AlarmView[], on: boolean) => void) | undefined;
  /** The device is known from the page. */
  readonly ofOneDevice?: boolean | undefined;
}

/** Alarms, one a row, and which of them somebody has chosen. */
export function AlarmTable({ alarms, chosen, onChoose, ofOneDevice = false }: AlarmTableProps) {
  const choosable = alarms.filter(awaitsSomebody);
  const all = choosable.length > 0 && choosable.every((alarm) => chosen?.has(keyOf(alarm)) === true);
  return (
    <div class="table-scroll">
      <table class="table stacking">
        <caption class="visually-hidden">{texts.alarms.alarmsTheOneRaisedLast}</caption>
        <thead>
          <tr>
            {onChoose !== undefined && (
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label={texts.alarms.allThatNobodyHasAcknowledged}
                  checked={all}
                  disabled={choosable.length === 0}
                  onChange={(event) => onChoose(choosable, event.currentTarget.checked)}
                />
              </th>
            )}
            <th scope="col">{texts.alarms.severity}</th>
            {!ofOneDevice && <th scope="col">{texts.common.device}</th>}
            <th scope="col">{texts.alarms.what}</th>
            <th scope="col">{texts.alarms.raised}</th>
            <th scope="col">{texts.common.state}</th>
          </tr>
        </thead>
        <tbody>
          {alarms.map((alarm) => (
            <tr key={keyOf(alarm)}>
              {onChoose !== undefined && (
                <td data-head={texts.alarms.choose}>
                  {awaitsSomebody(alarm) && (
                    <input
                      type="checkbox"
                      aria-label={`${alarm.device ?? texts.alarms.theHub}: ${alarm.text}`}
                      checked={chosen?.has(keyOf(alarm)) === true}
                      onChange={(event) => onChoose([alarm], event.currentTarget.checked)}
                    />
                  )}
                </td>
              )}
              <td data-head={texts.alarms.severity}>
                <span class={`badge ${severityTones[alarm.severity]}`}>{alarm.severity}</span>
              </td>
              {!ofOneDevice && (
                <td data-head={texts.common.device}>
                  {alarm.device === null ? (
                    <a href="/hub">{texts.alarms.theHub}</a>
                  ) : (
                    <a href={`/devices/${encodeURIComponent(alarm.device)}`}>{alarm.device}</a>
                  )}
                </td>
              )}
              <td data-head={texts.alarms.what}>
                {alarm.text}
                {alarm.count > 1 && <span class="quiet"> · {texts.alarms.countTimes(alarm.count)}</span>}
              </td>
              <td data-head={texts.alarms.raised}>
                <Age ms={alarm.lastMs} />
              </td>
              <td data-head={texts.common.state}>
                <AlarmStanding alarm={alarm} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function AlarmStanding({ alarm }: { readonly alarm: AlarmView }) {
  const { state, silenced, acknowledged } = alarm;
  return (
    <>
      {stateWords[state]}
      {silenced && <span class="badge tone-rest">{texts.alarms.silenced}</span>}
      {acknowledged !== undefined && (
        <p class="quiet">
          {texts.alarms.acknowledgedBy(
            acknowledged.actor.replace(/^operator:/, ''),
            <Time ms={acknowledged.timeMs} />,
          )}
          {acknowledged.note !== undefined && `: ${acknowledged.note}`}
        </p>
      )}
    </>
  );
}
