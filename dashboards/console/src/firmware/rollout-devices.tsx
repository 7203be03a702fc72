import { Export } from '../components/export.tsx';
import { useEffect, useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Field } from '../components/field.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Age } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { query, setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';
import type { RolloutDevice, RolloutView } from '../../../../schemas/api/firmware/rollouts.ts';
import { updateStates, type UpdateState } from '../../../../schemas/firmware/update-states.ts';
import { isUnderWay, refreshMs } from './rollout-list.tsx';
import { UpdateBadge } from './update-badge.tsx';
import { updateReasonWords } from './update-reasons.ts';
import { updateStateWords } from './update-words.ts';

const pageSize = 100;

interface Shown {
  readonly devices: readonly RolloutDevice[];
  readonly next: number | null;
}

/** The devices of a rollout, in the order of their waves; the state is part of the address. */
export function RolloutDevices({ view }: { view: RolloutView }) {
  const { id } = view;
  const state = updateStates.find((each) => each === query.value.get('state'));
  /** Grows with "Show more". */
  const [limit, setLimit] = useState(pageSize);
  const load = useRepeatedLoad(
    (signal) => loadDevices(id, state, limit, signal),
    [id, state],
    () => (isUnderWay(view) ? refreshMs : undefined),
  );
  useEffect(load.reload, [limit]);
  return (
    <section aria-label={texts.firmware.devicesOfTheRollout} class="rollout-devices">
      <Export
        name={`rollout-${id}`}
        rows={async () => (await loadDevices(id, state, Number.POSITIVE_INFINITY, undefined)).devices}
      />
      <Field label={texts.common.devices}>
        {(control) => (
          <select
            {...control}
            value={state ?? ''}
            onChange={(event) => setQuery({ state: event.currentTarget.value })}
          >
            <option value="">{texts.firmware.all}</option>
            {updateStates.map((each) => (
              <option key={each} value={each}>
                {updateStateWords[each]} ({countWords(view.states[each] ?? 0)})
              </option>
            ))}
          </select>
        )}
      </Field>
      <Loaded load={load} what={texts.firmware.theDevices}>
        {({ devices, next }) => (
          <>
            <DeviceRows devices={devices} />
            {next !== null && (
              <button type="button" class="button" onClick={() => setLimit(limit + pageSize)}>
                {texts.firmware.showMore}
              </button>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}

/** @throws ApiError */
async function loadDevices(
  id: string,
  state: UpdateState | undefined,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Shown> {
  const devices: RolloutDevice[] = [];
  let after: number | null = 0;
  while (after !== null && devices.length < limit) {
    const page: Shown = await ask('GET /api/v1/rollouts/{id}/devices', {
      params: { id },
      query: { state, after, limit: Math.min(1_000, limit - devices.length) },
      signal,
    });
    devices.push(...page.devices);
    after = page.next;
  }
  return { devices, next: after };
}

interface DeviceRowsProps {
  readonly devices: readonly RolloutDevice[];
  /** Of what a rollout would be: nothing has happened yet, so there is no time of it. */
  readonly planned?: boolean;
}

/** Devices of a rollout, or of what one would be. */
export function DeviceRows({ devices, planned = false }: DeviceRowsProps) {
  if (devices.length === 0) return <Empty title={texts.firmware.noDevice} />;
  return (
    <Table
      label={texts.firmware.devicesInTheOrder}
      heads={[
        texts.common.device,
        texts.firmware.wave,
        texts.common.state,
        texts.common.firmware,
        texts.firmware.why,
      ]}
      name="long-scroll"
      stacking
    >
      {devices.map(({ device, wave, state, sinceMs, percent, firmware, reason, error }) => (
        <tr key={device}>
          <td data-head={texts.common.device}>
            <a href={`/devices/${encodeURIComponent(device)}`}>{device}</a>
          </td>
          <td data-head={texts.firmware.wave}>{wave === 0 ? '–' : wave}</td>
          <td data-head={texts.common.state}>
            <UpdateBadge state={state} />{' '}
            {state === 'downloading' && percent !== undefined && `${percent} % `}
            {!planned && (
              <span class="quiet">
                <Age ms={sinceMs} />
              </span>
            )}
          </td>
          <td data-head={texts.common.firmware}>{firmware ?? <span class="quiet">–</span>}</td>
          <td data-head={texts.firmware.why}>
            {reason !== undefined && updateReasonWords(reason)}
            {error !== undefined && <span class="quiet"> {error}</span>}
          </td>
        </tr>
      ))}
    </Table>
  );
}
