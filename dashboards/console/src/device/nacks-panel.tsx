import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';
import type { NackRow } from '../../../../schemas/api/telemetry/rejects.ts';

/** As many as the hub keeps for one device. */
const kept = 20;

/** Readings of this device that the hub rejected: which field, by which rule. */
export function NacksPanel({ device }: { device: string }) {
  const load = useLoad(
    (signal) => ask('GET /api/v1/devices/{id}/nacks', { params: { id: device }, signal }),
    [device],
  );
  const [live, setLive] = useState<readonly NackRow[]>([]);
  useLive(`device:${device}`, {
    watching() {
      setLive([]);
      load.reload();
    },
    message(message) {
      if (message.t === 'nack') setLive((old) => [message, ...old].slice(0, kept));
    },
  });
  return (
    <Panel
      title={texts.device.rejectedReadings}
      aside={
        <Export
          name={`rejected-${device}`}
          rows={async () => (await ask('GET /api/v1/devices/{id}/nacks', { params: { id: device } })).nacks}
        />
      }
    >
      <Loaded load={load} what={texts.device.theRejectedReadings}>
        {({ nacks }) => <NackTable nacks={[...live, ...nacks].slice(0, kept)} />}
      </Loaded>
    </Panel>
  );
}

function NackTable({ nacks }: { nacks: readonly NackRow[] }) {
  if (nacks.length === 0) return <p class="quiet">{texts.device.noneOnRecordTheHub(kept)}</p>;
  return (
    <Table
      label={texts.device.rejectedReadings}
      heads={[texts.common.time, texts.device.streamAndField, texts.device.rule, texts.device.whatIsWrong]}
      name="long-scroll"
      stacking
    >
      {nacks.map((nack, at) => (
        <tr key={`${nack.timeMs} ${nack.seq ?? ''} ${at}`}>
          <td>
            <Time ms={nack.timeMs} />
            {nack.times !== undefined && <span class="quiet"> {texts.device.times(nack.times)}</span>}
          </td>
          <td>
            {nack.stream} <code>{nack.field}</code>
          </td>
          <td data-head={texts.device.rule}>{nack.rule ?? nack.code}</td>
          <td class="long-text">{nack.message}</td>
        </tr>
      ))}
    </Table>
  );
}
