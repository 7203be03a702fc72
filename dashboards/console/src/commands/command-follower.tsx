import { useState } from 'preact/hooks';
import { ask, messageOf } from '../api.ts';
import { say } from '../components/status-region.tsx';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLive } from '../use-live.ts';
import { cancelCommand } from './command-calls.ts';
import { CommandProgress } from './command-progress.tsx';
import { addReport, type StatusReport } from './command-steps.ts';
import type { CommandView } from '../../../../schemas/api/commands/commands.ts';

/** A command that was just sent, followed live until it has ended; it can be cancelled from here. */
export function CommandFollower({ command: sent }: { readonly command: CommandView }) {
  const [command, setCommand] = useState(sent);
  const [reports, setReports] = useState<readonly StatusReport[]>(() =>
    addReport([{ status: 'accepted', timeMs: sent.accepted }], reportOf(sent)),
  );
  const follow = (next: CommandView): void => {
    setReports((before) => addReport(before, reportOf(next)));
    setCommand((before) => (before.final || before.ts > next.ts ? before : next));
  };
  useLive('commands', {
    message: (message) => {
      if (message.t !== 'command') return;
      const { command: next } = message;
      if (next.device === sent.device && next.id === sent.id) follow(next);
    },
    // Loads what happened while the topic was not watched.
    watching: () => {
      ask('GET /api/v1/devices/{id}/commands/{command}', {
        params: { id: sent.device, command: sent.id },
      }).then(follow, (error: unknown) => say('fault', messageOf(error)));
    },
  });
  const mayEnd = !command.final && command.cancelRequested !== true && mayAs('operator');
  return (
    <>
      <CommandProgress command={command} reports={reports} />
      {mayEnd && (
        <button
          type="button"
          class="button small"
          onClick={() => {
            cancelCommand(command).then(follow, (error: unknown) => say('fault', messageOf(error)));
          }}
        >
          {texts.commands.requestCancellation}
        </button>
      )}
    </>
  );
}

function reportOf({ status, ts }: CommandView): StatusReport {
  return { status, timeMs: ts };
}
