import { Time } from '../components/time.tsx';
import { reasonWords, statusWords } from '../forms/command-words.ts';
import { CommandBadge } from './command-badge.tsx';
import { stepsOf, type Told } from './command-steps.ts';
import type { CommandView } from './command-view.ts';

interface CommandProgressProps {
  readonly command: CommandView;
  /** The statuses as they were told, oldest first. */
  readonly told: readonly Told[];
}

/** Where a command stands: its steps, the status in words, and why. Read out as it changes. */
export function CommandProgress({ command, told }: CommandProgressProps) {
  const { status, reason, errors = [], output, percent, note, final } = command;
  return (
    <div class="command-progress">
      <ol class="steps" aria-label="Steps of the command">
        {stepsOf(told).map(({ name, state, status: at, timeMs }) => (
          <li key={name} class={`step step-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
            <span class="step-name">{at}</span>
            <span class="step-time">{timeMs === undefined ? stateWords[state] : <Time ms={timeMs} />}</span>
          </li>
        ))}
      </ol>
      <div class="told" role="status">
        <p>
          <CommandBadge status={status} /> {statusWords(status)}
        </p>
        {reason !== undefined && <p>Why: {reasonWords(reason)}</p>}
        {percent !== undefined && (
          <p>
            <progress max={100} value={percent} aria-label="Share done" /> {percent} % {note}
          </p>
        )}
        {errors.map(({ path, expected, got }) => (
          <p key={path}>
            <code>{path === '' ? 'all of it' : path}</code> must be {expected}; it is {got}.
          </p>
        ))}
        {output !== undefined && (
          <p>
            It answered <code>{JSON.stringify(output)}</code>
          </p>
        )}
        {!final && <p class="quiet">What becomes of it is shown here.</p>}
      </div>
    </div>
  );
}

const stateWords = { done: 'done', now: 'now', open: '', skipped: '–' } as const;
