import type { AlarmView } from '../../../../schemas/api/alarms.ts';
import { Age, Time } from '../components/time.tsx';
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
        <caption class="visually-hidden">Alarms, the one raised last first</caption>
        <thead>
          <tr>
            {onChoose !== undefined && (
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label="All that nobody has acknowledged"
                  checked={all}
                  disabled={choosable.length === 0}
                  onChange={(event) => onChoose(choosable, event.currentTarget.checked)}
                />
              </th>
            )}
            <th scope="col">Severity</th>
            {!ofOneDevice && <th scope="col">Device</th>}
            <th scope="col">What</th>
            <th scope="col">Raised</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {alarms.map((alarm) => (
            <tr key={keyOf(alarm)}>
              {onChoose !== undefined && (
                <td data-head="Choose">
                  {awaitsSomebody(alarm) && (
                    <input
                      type="checkbox"
                      aria-label={`${alarm.device ?? 'the hub'}: ${alarm.text}`}
                      checked={chosen?.has(keyOf(alarm)) === true}
                      onChange={(event) => onChoose([alarm], event.currentTarget.checked)}
                    />
                  )}
                </td>
              )}
              <td data-head="Severity">
                <span class={`badge ${severityTones[alarm.severity]}`}>{alarm.severity}</span>
              </td>
              {!ofOneDevice && (
                <td data-head="Device">
                  {alarm.device === null ? (
                    <a href="/hub">the hub</a>
                  ) : (
                    <a href={`/devices/${encodeURIComponent(alarm.device)}`}>{alarm.device}</a>
                  )}
                </td>
              )}
              <td data-head="What">
                {alarm.text}
                {alarm.count > 1 && <span class="quiet"> · {alarm.count} times</span>}
              </td>
              <td data-head="Raised">
                <Age ms={alarm.lastMs} />
              </td>
              <td data-head="State">
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
      {silenced && <span class="badge tone-rest">silenced</span>}
      {acknowledged !== undefined && (
        <p class="quiet">
          by {acknowledged.actor.replace(/^operator:/, '')}, <Time ms={acknowledged.timeMs} />
          {acknowledged.note !== undefined && `: ${acknowledged.note}`}
        </p>
      )}
    </>
  );
}
