import { Time } from '../components/time.tsx';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
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
          <dt>{texts.commands.sentBy}</dt>
          <dd>
            {origin === undefined
              ? (actor ?? texts.commands.unknown)
              : texts.commands.actorViaOrigin(actor ?? texts.commands.unknown, origin)}
          </dd>
        </div>
        <div>
          <dt>{texts.commands.accepted}</dt>
          <dd>
            <Time ms={accepted} />
          </dd>
        </div>
        <div>
          <dt>{texts.commands.deadline}</dt>
          <dd>
            <Time ms={deadline} />
          </dd>
        </div>
        <div>
          <dt>{texts.commands.id}</dt>
          <dd>
            <code>{id}</code>
          </dd>
        </div>
      </dl>
      <h3>{texts.commands.parameters}</h3>
      <ParamsList params={params} />
      {mayAs('operator') && (
        <div class="actions">
          <a class="button" href={againAtDevice(command.device, command)}>
            {texts.commands.sendAgain}
          </a>
        </div>
      )}
    </div>
  );
}
