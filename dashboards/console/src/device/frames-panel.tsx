import { useState } from 'preact/hooks';
import { Field } from '../components/field.tsx';
import { Panel } from '../components/panel.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { useLive } from '../use-live.ts';
import type { FrameNack, FrameRow } from '../../../../schemas/api/frames/frames.ts';
import { joined, shownRows, type FrameChoice } from './frame-list.ts';

/** What a device sends and is sent, frame by frame. It is opened by hand, because the audit records who looks. */
export function FramesPanel({ device }: { device: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Panel
      title="Frames"
      aside={
        <button type="button" class="button small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Hide' : 'Show frames'}
        </button>
      }
    >
      {open ? (
        <Frames key={device} device={device} />
      ) : (
        <p class="quiet">
          The last frames of the device, both ways, also after it went offline. The audit records who looks.
        </p>
      )}
    </Panel>
  );
}

const choices: readonly [FrameChoice, string][] = [
  ['all', 'All frames'],
  ['in', 'From the device'],
  ['out', 'From the hub'],
  ['refused', 'Refused by the hub'],
];

function Frames({ device }: { device: string }) {
  const [rows, setRows] = useState<readonly FrameRow[]>();
  /** What was there when somebody held the list to read it. */
  const [held, setHeld] = useState<readonly FrameRow[]>();
  const [choice, setChoice] = useState<FrameChoice>('all');
  useLive(`frames:${device}`, {
    watching: () => setRows([]),
    message(message) {
      if (message.t === 'frames') setRows((old = []) => joined(old, message.frames));
    },
  });
  const shown = shownRows(held ?? rows ?? [], choice);
  return (
    <>
      <div class="frame-tools">
        <Field label="Show">
          {(control) => (
            <select
              {...control}
              value={choice}
              onChange={({ currentTarget }) =>
                setChoice(choices.find(([name]) => name === currentTarget.value)?.[0] ?? 'all')
              }
            >
              {choices.map(([name, words]) => (
                <option key={name} value={name}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        <button
          type="button"
          class="button small"
          aria-pressed={held !== undefined}
          onClick={() => setHeld(held === undefined ? (rows ?? []) : undefined)}
        >
          Hold the list
        </button>
      </div>
      {shown.length === 0 ? (
        <p class="quiet">
          {choice === 'all' ? 'None since the hub started. They appear here as they come.' : 'None of these.'}
        </p>
      ) : (
        <FrameTable rows={shown} />
      )}
    </>
  );
}

function FrameTable({ rows }: { rows: readonly FrameRow[] }) {
  return (
    <Table label="Frames" heads={['Time', 'From', 'Size', 'Frame']} name="long-scroll" stacking>
      {rows.map(({ n, timeMs, way, kind, bytes, text, cut, nacks = [] }) => (
        <tr key={n}>
          <td>
            <Time ms={timeMs} />
          </td>
          <td data-head="From">{way === 'in' ? 'device' : 'hub'}</td>
          <td data-head="Size">{kind === 'frame' ? `${bytes} B` : ''}</td>
          <td class="frame-text">
            {kind !== 'frame' && <strong>{kind} </strong>}
            <code>{text}</code>
            {cut === true && <span class="quiet"> … only its beginning is kept</span>}
            {nacks.map((nack, at) => (
              <p key={at} class="frame-nack">
                {nackWords(nack)}
              </p>
            ))}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function nackWords({ code, retry, message, samples }: FrameNack): string {
  const what = samples === undefined ? 'Refused' : `${samples} samples refused`;
  const why = message === undefined ? '' : `: ${message}`;
  return `${what} (${code}, ${retry ? 'to be sent again' : 'for good'})${why}`;
}
