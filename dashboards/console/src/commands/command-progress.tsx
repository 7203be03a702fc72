import { ruleText } from '../../../../schemas/field-error.ts';
import { Time } from '../components/time.tsx';
import { reasonWords, statusWords } from '../forms/command-words.ts';
import { texts } from '../texts/texts.ts';
import { CommandBadge } from './command-badge.tsx';
import { stepsOf, type StatusReport } from './command-steps.ts';
import type { CommandView } from '../../../../schemas/api/commands/commands.ts';

interface CommandProgressProps {
  readonly command: CommandView;
  /** The statuses in the order in which they were received, oldest first. */
  readonly reports: readonly StatusReport[];
}

/** The progress of a command: its steps, the status in words, and the reason. Read out as it changes. */
export function CommandProgress({ command, reports }: CommandProgressProps) {
  const { status, reason, errors = [], output, percent, note, final } = command;
  return (
    <div class="command-progress">
      <ol class="steps" aria-label={texts.commands.stepsOfTheCommand}>
        {stepsOf(reports).map(({ name, state, status: at, timeMs }) => (
          <li key={name} class={`step step-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
            <span class="step-name">{at}</span>
            <span class="step-time">{timeMs === undefined ? stateWords[state] : <Time ms={timeMs} />}</span>
          </li>
        ))}
      </ol>
      <div class="reports" role="status">
        <p>
          <CommandBadge status={status} /> {statusWords(status)}
        </p>
        {reason !== undefined && <p>{texts.commands.reasonIs(reasonWords(reason))}</p>}
        {percent !== undefined && (
          <p>
            <progress max={100} value={percent} aria-label={texts.commands.progress} /> {percent} % {note}
          </p>
        )}
        {errors.map((error) => (
          <p key={error.path}>
            <code>{error.path === '' ? texts.commands.theWholeValue : error.path}</code> {ruleText(error)}.
          </p>
        ))}
        {output !== undefined && <p>{texts.commands.output(<code>{JSON.stringify(output)}</code>)}</p>}
        {!final && <p class="quiet">{texts.commands.updatesAppearHere}</p>}
      </div>
    </div>
  );
}

const stateWords = texts.commands.stateWords;
