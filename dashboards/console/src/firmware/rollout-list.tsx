import { Export } from '../components/export.tsx';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';
import type { RolloutSummary } from '../../../../schemas/api/firmware/rollouts.ts';
import { countsText, StateBar } from './state-bar.tsx';
import { RolloutBadge } from './update-badge.tsx';

/** How often rollouts that are under way are asked for, ms. */
export const refreshMs = 2_000;

export function isUnderWay({ status, states }: RolloutSummary): boolean {
  const { offered = 0, downloading = 0, applying = 0, soaking = 0 } = states;
  return status === 'running' || status === 'paused' || offered + downloading + applying + soaking > 0;
}

/** Rollouts, newest first, and how far each is. */
export function RolloutList({ chosen }: { chosen: string }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/rollouts', { query: { limit: 100 }, signal }),
    [chosen],
    ({ rollouts }) => (rollouts.some(isUnderWay) ? refreshMs : undefined),
  );
  return (
    <Panel
      title={texts.firmware.rollouts}
      aside={
        <Export
          name="rollouts"
          rows={async () => (await ask('GET /api/v1/rollouts', { query: { limit: 100 } })).rollouts}
        />
      }
    >
      <Loaded load={load} what={texts.firmware.theRollouts}>
        {({ rollouts }) =>
          rollouts.length === 0 ? (
            <Empty title={texts.firmware.noRolloutsYet}>
              <p>{texts.firmware.rolloutBringsManyDevices}</p>
            </Empty>
          ) : (
            <Table
              label={texts.firmware.rolloutsNewestFirst}
              heads={[
                texts.firmware.begun,
                texts.common.firmware,
                texts.common.to,
                texts.common.status,
                texts.firmware.wave,
                texts.common.devices,
              ]}
              stacking
            >
              {rollouts.map((row) => (
                <Row key={row.id} row={row} />
              ))}
            </Table>
          )
        }
      </Loaded>
    </Panel>
  );
}

function Row({ row }: { row: RolloutSummary }) {
  const { id, type, version, to, group, status, wave, waves, states, acceptedMs } = row;
  return (
    <tr>
      <td data-head={texts.firmware.begun}>
        <Time ms={acceptedMs} />
      </td>
      <td data-head={texts.common.firmware}>
        <a href={`/firmware?id=${encodeURIComponent(id)}`}>
          {type} {version}
        </a>
      </td>
      <td data-head={texts.common.to}>
        <code>{group ?? to}</code>
      </td>
      <td data-head={texts.common.status}>
        <RolloutBadge status={status} />
      </td>
      <td data-head={texts.firmware.wave}>
        {texts.common.partOf(countWords(wave), countWords(waves.length))}
      </td>
      <td data-head={texts.common.devices}>
        <StateBar counts={states} />
        <span class="quiet">{countsText(states)}</span>
      </td>
    </tr>
  );
}
