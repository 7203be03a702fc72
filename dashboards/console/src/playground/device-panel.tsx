import { Panel } from '../components/panel.tsx';
import { countOf } from '../number-words.ts';
import { FrameTable } from './frame-table.tsx';
import type { PlayedDevice } from './played-device.ts';

interface DevicePanelProps {
  readonly device: PlayedDevice;
  readonly end: () => void;
}

/** The device at work: how it stands, its faults, its frames. */
export function DevicePanel({ device, end }: DevicePanelProps) {
  const { isOpen, isSilent, isSlow, frames, counts } = device.state.value;
  const badge = isOpen ? 'tone-good' : 'tone-warn';
  return (
    <>
      <Panel
        title="Device"
        aside={<span class={`badge ${badge}`}>{isOpen ? 'Session open' : 'No session'}</span>}
      >
        <p role="status">
          {counts === undefined
            ? 'It has just begun.'
            : `${countOf(counts.measured, 'reading')} measured, ${counts.settled} stored, ${counts.refused} refused, ${counts.waiting} waiting, ${counts.lost} lost.`}
        </p>
        <div class="play-buttons">
          <button type="button" class="button" onClick={() => device.measure()}>
            Take a reading
          </button>
          <button type="button" class="button" onClick={end}>
            Disconnect
          </button>
        </div>
      </Panel>
      <Panel title="Faults">
        <div class="play-buttons">
          <button type="button" class="button" onClick={() => device.sayGarbage()}>
            Garbage
          </button>
          <button type="button" class="button" onClick={() => device.measureWrongly()}>
            Wrong value
          </button>
          <button type="button" class="button" onClick={() => device.cut()}>
            Cut link
          </button>
          <button
            type="button"
            class="button"
            aria-pressed={isSilent}
            onClick={() => device.setSilent(!isSilent)}
          >
            Silence
          </button>
          <button type="button" class="button" aria-pressed={isSlow} onClick={() => device.setSlow(!isSlow)}>
            Slow answers
          </button>
        </div>
        <p class="hint">
          Silence: nothing is sent or read any more, while the link stays. Slow answers: a command is answered
          three seconds late. Press either again to end it.
        </p>
      </Panel>
      <Panel title="Frames">
        <FrameTable frames={frames} />
      </Panel>
    </>
  );
}
