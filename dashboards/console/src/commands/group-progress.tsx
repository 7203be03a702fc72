import type { GroupCommandView } from '../../../../schemas/api/commands/group-commands.ts';
import { StackedBar } from '../components/stacked-bar.tsx';
import { reasonWords, statusWords } from '../forms/command-words.ts';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { CommandBadge } from './command-badge.tsx';
import { failuresFirst, planWords, wavesOf, type Wave } from './waves.ts';

interface GroupProgressProps {
  readonly groupCommand: GroupCommandView;
  /** Absent when the operator may not stop it. */
  readonly onStop: (() => void) | undefined;
}

/** Devices named in one wave before the rest is only counted. */
const mostNamed = 200;

/** A group command wave by wave, live. */
export function GroupProgress({ groupCommand, onStop }: GroupProgressProps) {
  const { status, final, reason, devices, wave, maxFailures, targets, succeeded, failed } = groupCommand;
  return (
    <section aria-label={texts.commands.groupCommandId(groupCommand.id)} class="group-progress">
      <p role="status">
        <CommandBadge status={status} /> {final && statusWords(status)}{' '}
        {reason !== undefined && reasonWords(reason)} {texts.commands.outcomes(succeeded, targets, failed)}
      </p>
      <WaveBar wave={groupCommand} label={texts.commands.ofDevicesSucceeded(succeeded, targets)} />
      <p class="quiet">{planWords(targets, wave, maxFailures)}</p>
      {onStop !== undefined && !final && (
        <div class="actions">
          <button type="button" class="button danger" onClick={onStop}>
            {texts.commands.stop}
          </button>
          <span class="quiet">{texts.commands.cancelsWaitingWaves}</span>
        </div>
      )}
      <ol class="waves">
        {wavesOf(devices, wave).map((each) => (
          <li key={each.number}>
            <WaveRow wave={each} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function WaveRow({ wave }: { readonly wave: Wave }) {
  const { number, targets, failed } = wave;
  const words = waveWords(wave);
  return (
    <details open={failed > 0}>
      <summary>
        <span class="wave-name">{texts.commands.waveNumber(number)}</span>
        <WaveBar wave={wave} label={words} />
        <span class="quiet">{words}</span>
      </summary>
      <ul class="targets">
        {failuresFirst(targets)
          .slice(0, mostNamed)
          .map(({ device, status, reason }) => (
            <li key={device}>
              <a href={`/devices/${encodeURIComponent(device)}`}>{device}</a> <CommandBadge status={status} />{' '}
              {reason !== undefined && <span class="quiet">{reasonWords(reason)}</span>}
            </li>
          ))}
      </ul>
      {targets.length > mostNamed && <p class="quiet">{texts.common.andMore(targets.length - mostNamed)}</p>}
    </details>
  );
}

const kinds = [
  ['succeeded', 'succeeded', 'tone-good'],
  ['failed', texts.commands.failedOrUncertain, 'tone-bad'],
  ['open', texts.commands.inProgress, 'tone-move'],
  ['waiting', 'waiting', 'tone-rest'],
  ['skipped', 'skipped', 'tone-none'],
] as const;

type Counts = Pick<Wave, (typeof kinds)[number][0]>;

function waveWords(counts: Counts): string {
  return kinds
    .filter(([kind]) => counts[kind] > 0)
    .map(([kind, word]) => `${countWords(counts[kind])} ${word}`)
    .join(', ');
}

/** The statuses of the devices of a wave, or of all waves. */
export function WaveBar({ wave, label }: { readonly wave: Counts; readonly label: string }) {
  const parts = kinds.map(([kind, word, tone]) => ({ key: kind, value: wave[kind], class: tone, word }));
  return <StackedBar parts={parts} label={label} />;
}
