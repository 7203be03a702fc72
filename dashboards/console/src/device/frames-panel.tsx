import { useState } from 'preact/hooks';
import { Field } from '../components/field.tsx';
import { Panel } from '../components/panel.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { useLive } from '../use-live.ts';
import type { FrameNack, FrameRow } from '../../../../schemas/api/frames/frames.ts';
import { joined, shownRows, type FrameChoice } from './frame-list.ts';

/** What a device sends and is sent, frame by frame. It is opened by hand, because the audit records who looks. */
export function FramesPanel({ device }: { device: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Panel
      title={texts.device.frames}
      aside={
        <button type="button" class="button small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? texts.device.hide : texts.device.showFrames}
        </button>
      }
    >
      {open ? (
        <Frames key={device} device={device} />
      ) : (
        <p class="quiet">{texts.device.lastFramesOfTheDevice}</p>
      )}
    </Panel>
  );
}

const choices: readonly [FrameChoice, string][] = [
  ['all', texts.device.allFrames],
  ['in', texts.device.fromTheDevice],
  ['out', texts.device.fromTheHub],
  ['refused', texts.device.refusedByTheHub],
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
        <Field label={texts.device.show}>
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
          {texts.device.holdTheList}
        </button>
      </div>
      {shown.length === 0 ? (
        <p class="quiet">
          {choice === 'all' ? texts.device.noneSinceTheHubStarted : texts.device.noneOfThese}
        </p>
      ) : (
        <FrameTable rows={shown} />
      )}
    </>
  );
}

function FrameTable({ rows }: { rows: readonly FrameRow[] }) {
  return (
    <Table
      label={texts.device.frames}
      heads={[texts.common.time, texts.common.from, texts.device.size, texts.device.frame]}
      name="long-scroll"
      stacking
    >
      {rows.map(({ n, timeMs, way, kind, bytes, text, cut, nacks = [] }) => (
        <tr key={n}>
          <td>
            <Time ms={timeMs} />
          </td>
          <td data-head={texts.common.from}>{way === 'in' ? texts.device.device : texts.device.hub}</td>
          <td data-head={texts.device.size}>{kind === 'frame' ? texts.device.bytes(bytes) : ''}</td>
          <td class="frame-text">
            {kind !== 'frame' && <strong>{kind} </strong>}
            <code>{text}</code>
            {cut === true && <span class="quiet"> {texts.device.onlyItsBeginningIsKept}</span>}
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
  const what = samples === undefined ? texts.device.refused : texts.device.samplesRefused(samples);
  const why = message === undefined ? '' : `: ${message}`;
  return `${what} (${code}, ${retry ? texts.device.toBeSentAgain : texts.device.forGood})${why}`;
}
