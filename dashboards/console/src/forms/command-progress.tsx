import type { JSX } from 'preact';
import { stepsOf, type Told } from '../commands/command-steps.ts';
import type { CommandView } from '../commands/command-view.ts';
import { reasonWords, statusWords } from './command-words.ts';

interface CommandProgressProps {
  readonly command: CommandView;
  /** The statuses as they were told, oldest first. */
  readonly told: readonly Told[];
  readonly time: (timeMs: number) => JSX.Element;
}

/** Where a command stands: its steps, the status in words, and why. Announced to screen readers as it changes. */
export function CommandProgress({ command, told, time }: CommandProgressProps): JSX.Element {
  const { status, reason, output, percent, note, final } = command;
  return (
    <div class="command-progress">
      <ol class="steps" aria-label="Steps of the command">
        {stepsOf(told).map((step) => (
          <li
            key={step.name}
            class={`step ${step.state} ${step.status}`}
            aria-current={step.state === 'now' ? 'step' : undefined}
          >
            <span class="step-name">{step.status}</span>
            <span class="step-time">
              {step.timeMs === undefined ? stateWords[step.state] : time(step.timeMs)}
            </span>
          </li>
        ))}
      </ol>
      <div role="status">
        <p>
          <strong class={`command-status ${status}`}>{status}</strong> {statusWords(status)}
        </p>
        {reason === undefined ? null : <p>Why: {reasonWords(reason)}</p>}
        {percent === undefined ? null : (
          <p>
            <progress max={100} value={percent} aria-label="Share done" /> {percent} % {note ?? ''}
          </p>
        )}
        {(command.errors ?? []).map(({ path, expected, got }) => (
          <p key={path}>
            <code>{path === '' ? 'output' : path}</code> must be {expected}; it is {got}.
          </p>
        ))}
        {output === undefined ? null : (
          <p>
            It answered <code>{JSON.stringify(output)}</code>
          </p>
        )}
        {final ? null : <p class="muted">This page follows it.</p>}
      </div>
    </div>
  );
}

const stateWords = { done: 'done', now: '', open: '', skipped: '–' } as const;
