import { Time } from '../components/time.tsx';
import { mayAs } from '../session.ts';
import { againAtDevice } from './send-again.ts';
import { ParamsList } from '../forms/params-list.tsx';
import { CommandFollower } from './command-follower.tsx';
import type { CommandView } from '../../../../schemas/api/commands/commands.ts';

/** One command of the list: who sent what, and its status. */
export function CommandDetail({ command }: { readonly command: CommandView }) {
  const { id, actor, origin, accepted, deadline, params } = command;
  return (
    <div class="command-detail">
      <CommandFollower key={`${command.device}/${id}`} command={command} />
      <dl class="facts">
        <div>
          <dt>Sent by</dt>
          <dd>{actor === undefined ? 'unknown' : `${actor} via ${origin}`}</dd>
        </div>
        <div>
          <dt>Accepted</dt>
          <dd>
            <Time ms={accepted} />
          </dd>
        </div>
        <div>
          <dt>Deadline</dt>
          <dd>
            <Time ms={deadline} />
          </dd>
        </div>
        <div>
          <dt>ID</dt>
          <dd>
            <code>{id}</code>
          </dd>
        </div>
      </dl>
      <h3>Parameters</h3>
      <ParamsList params={params} />
      {mayAs('operator') && (
        <div class="actions">
          <a class="button" href={againAtDevice(command.device, command)}>
            Send again…
          </a>
        </div>
      )}
    </div>
  );
}
