import { useState } from 'preact/hooks';
import { get } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';
import type { Nack } from './device-details.ts';

/** As many as the hub keeps. */
const kept = 20;

/** What the hub refused of this device: where in the data, by which rule. */
export function NacksPanel({ device }: { device: string }) {
  const load = useLoad(
    (signal) => get<{ nacks: Nack[] }>(`/devices/${encodeURIComponent(device)}/nacks`, {}, signal),
    [device],
  );
  const [told, setTold] = useState<readonly Nack[]>([]);
  useLive(`device:${device}`, {
    watching() {
      setTold([]);
      load.reload();
    },
    message(message) {
      if (message.t === 'nack') setTold((old) => [message, ...old].slice(0, kept));
    },
  });
  return (
    <Panel title="Refused readings">
      <Loaded load={load} what="what was refused">
        {({ nacks }) => <NackTable nacks={[...told, ...nacks].slice(0, kept)} />}
      </Loaded>
    </Panel>
  );
}

function NackTable({ nacks }: { nacks: readonly Nack[] }) {
  if (nacks.length === 0) return <p class="quiet">Nothing was refused since the hub started.</p>;
  return (
    <Table
      label="Refused readings"
      heads={['Time', 'Stream and field', 'Rule', 'What is wrong']}
      name="nack-scroll"
      stacking
    >
      {nacks.map((nack, at) => (
        <tr key={`${nack.timeMs} ${nack.seq ?? ''} ${at}`}>
          <td>
            <Time ms={nack.timeMs} />
            {nack.times !== undefined && <span class="quiet"> {nack.times} times</span>}
          </td>
          <td>
            {nack.stream} <code>{nack.field}</code>
          </td>
          <td data-head="Rule">{nack.rule ?? nack.code}</td>
          <td class="nack-message">{nack.message}</td>
        </tr>
      ))}
    </Table>
  );
}
