import { useEffect } from 'preact/hooks';
import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { nowMs } from '../now.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import type { LogLine } from '../../../../schemas/api/telemetry/readings.ts';

const shown = 50;
/** As many as the hub answers. */
const saved = 10_000;
const everyMs = 5_000;
/** A device's clock may be ahead of this one. */
const aheadMs = 86_400_000;

/** What the device says in its log, the newest first. */
export function LogPanel({ device }: { device: string }) {
  const load = useLoad((signal) => lastLines(device, shown, signal), [device]);
  useEffect(() => {
    const timer = setInterval(load.reload, everyMs);
    return () => clearInterval(timer);
  }, [device]);
  return (
    <Panel
      title={texts.device.log}
      aside={<Export name={`log-${device}`} rows={() => lastLines(device, saved)} />}
    >
      <Loaded load={load} what={texts.device.theLog}>
        {(lines) => <LogTable lines={lines} />}
      </Loaded>
    </Panel>
  );
}

/** Newest first. */
async function lastLines(device: string, limit: number, signal?: AbortSignal): Promise<LogLine[]> {
  const { lines } = await ask('GET /api/v1/devices/{id}/logs', {
    params: { id: device },
    query: { fromMs: 0, toMs: nowMs.peek() + aheadMs, limit, take: 'last' },
    signal,
  });
  return lines.toReversed();
}

function LogTable({ lines }: { lines: readonly LogLine[] }) {
  if (lines.length === 0) return <p class="quiet">{texts.device.nothingYetLinesCome(shown)}</p>;
  return (
    <Table
      label={texts.device.log}
      heads={[texts.common.time, texts.device.level, texts.device.part, texts.device.line]}
      name="long-scroll"
      stacking
    >
      {lines.map(({ timeMs, level, tag, msg }) => (
        <tr key={`${timeMs} ${msg}`}>
          <td>
            <Time ms={timeMs} />
          </td>
          <td data-head={texts.device.level}>{level}</td>
          <td data-head={texts.device.part}>{tag ?? ''}</td>
          <td class="long-text">{msg}</td>
        </tr>
      ))}
    </Table>
  );
}
