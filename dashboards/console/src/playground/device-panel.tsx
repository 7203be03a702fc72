import { Panel } from '../components/panel.tsx';
import { texts } from '../texts/texts.ts';
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
        title={texts.common.device}
        aside={
          <span class={`badge ${badge}`}>
            {isOpen ? texts.playground.sessionOpen : texts.playground.noSession}
          </span>
        }
      >
        <p role="status">
          {counts === undefined
            ? texts.playground.itHasJustBegun
            : texts.playground.counts(
                texts.counts.readings(counts.measured),
                counts.settled,
                counts.refused,
                counts.waiting,
                counts.lost,
              )}
        </p>
        <div class="play-buttons">
          <button type="button" class="button" onClick={() => device.measure()}>
            {texts.playground.takeAReading}
          </button>
          <button type="button" class="button" onClick={end}>
            {texts.playground.disconnect}
          </button>
        </div>
      </Panel>
      <Panel title={texts.playground.faults}>
        <div class="play-buttons">
          <button type="button" class="button" onClick={() => device.sayGarbage()}>
            {texts.playground.garbage}
          </button>
          <button type="button" class="button" onClick={() => device.measureWrongly()}>
            {texts.playground.wrongValue}
          </button>
          <button type="button" class="button" onClick={() => device.cut()}>
            {texts.playground.cutLink}
          </button>
          <button
            type="button"
            class="button"
            aria-pressed={isSilent}
            onClick={() => device.setSilent(!isSilent)}
          >
            {texts.playground.silence}
          </button>
          <button type="button" class="button" aria-pressed={isSlow} onClick={() => device.setSlow(!isSlow)}>
            {texts.playground.slowAnswers}
          </button>
        </div>
        <p class="hint">{texts.playground.silenceNothingIsSent}</p>
      </Panel>
      <Panel title={texts.playground.frames}>
        <FrameTable frames={frames} />
      </Panel>
    </>
  );
}
