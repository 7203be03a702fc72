import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { isSettledUpdate } from '../../../../schemas/firmware/update-states.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';
import { refreshMs } from './rollout-list.tsx';
import { UpdateBadge } from './update-badge.tsx';
import { updateReasonWords } from './update-reasons.ts';

/** What firmware the device runs, and the rollouts that brought or bring it another. */
export function DeviceFirmware({ details: { id, firmware } }: { details: DeviceDetails }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/devices/{id}/updates', { params: { id }, query: {}, signal }),
    [id, firmware],
    ({ updates }) => (updates.some(({ state }) => !isSettledUpdate(state)) ? refreshMs : undefined),
  );
  return (
    <Panel title={texts.common.firmware} aside={firmware}>
      <Loaded load={load} what={texts.firmware.theUpdates}>
        {({ updates }) =>
          updates.length === 0 ? (
            <p class="quiet">{texts.firmware.noRolloutHasIncluded}</p>
          ) : (
            <Table
              label={texts.firmware.updatesNewestFirst}
              heads={[texts.firmware.rollout, texts.firmware.version, texts.common.state]}
              stacking
            >
              {updates.map(({ rollout, version, state, sinceMs, reason, error, percent }) => (
                <tr key={rollout}>
                  <td data-head={texts.firmware.rollout}>
                    <a href={`/firmware?id=${encodeURIComponent(rollout)}`}>{rollout}</a>
                  </td>
                  <td data-head={texts.firmware.version}>{version}</td>
                  <td data-head={texts.common.state}>
                    <UpdateBadge state={state} />{' '}
                    {state === 'downloading' && percent !== undefined && `${percent} % `}
                    <span class="quiet">
                      <Time ms={sinceMs} /> {reason !== undefined && updateReasonWords(reason)} {error}
                    </span>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Panel>
  );
}
