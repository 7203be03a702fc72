import { isName, type Topics } from '../../bus/topics.ts';
import { cutText } from '../../../schemas/cut-text.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { withoutUndefined } from '../../kernel/without-undefined.ts';
import { storedSelector } from '../../registry/stored-groups.ts';
import type { CommandAudit } from '../command-audit.ts';
import { groupEntry } from './group-command-audit.ts';
import { newCommandId } from '../command-id.ts';
import { parsePayload, type CommandRefusal } from '../command-request.ts';
import type { CommandCounters } from '../command-counters.ts';
import type { GroupAnswers } from './group-answers.ts';
import type { GroupCommandJournal } from './group-command-journal.ts';
import type { GroupCommands } from './group-commands.ts';
import type { GroupMessage, GroupRequests } from '../mqtt-requests.ts';
import { answerMessage } from '../status-payload.ts';
import type { StatusPublisher } from '../status-publisher.ts';

interface MqttGroupRequestsDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  topics: Topics;
  statuses: StatusPublisher;
  journal: Pick<GroupCommandJournal, 'groups'>;
  groupCommands: Pick<GroupCommands, 'send'>;
  answers: Pick<GroupAnswers, 'publish'>;
  audit: CommandAudit;
  counters: Pick<CommandCounters, 'leftToOthers'>;
  /** Another hub uses the same topics, and answers for its own groups. */
  hasOtherHubs: () => boolean;
}

/** A request as its refusal names it. */
type Refused = Pick<GroupMessage, 'group' | 'name' | 'answerTo'> & { id: string | undefined };

/** Requests for group commands over MQTT, on `{root}/group-command/{group}/{name}`. */
export class MqttGroupRequests implements GroupRequests {
  readonly #deps: MqttGroupRequestsDeps;

  constructor(deps: MqttGroupRequestsDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when the message may be PUBACKed: journalled, or answered with a refusal.
   * @throws HubError `bus-unavailable` when the hub is stopping: the message must come again
   */
  async command(given: GroupMessage): Promise<void> {
    const { group, name, message, requester, answerTo, delivery } = given;
    const payload = parsePayload(
      message.payload,
      message.userProperties?.['idempotency-key'],
      'group-command',
    );
    const { id } = payload;
    const refuse = (refusal: CommandRefusal): void => {
      const entry = groupEntry({ id, group, to: '', name }, requester);
      this.#answerRefusal({ group, name, id, answerTo }, this.#deps.audit.refused(refusal, entry));
    };
    if (given.refusal !== undefined) return refuse(given.refusal);
    if (payload.kind === 'refused') return refuse(payload.refusal);
    const { messageExpirySec: expirySec } = message;
    if (message.waited === true && expirySec === undefined) return refuse({ reason: 'age-unknown' });
    try {
      const to = await storedSelector(() => this.#deps.journal.groups(), group);
      if (to === undefined) {
        if (this.#leaveToOthers()) return;
        return refuse({ reason: 'unknown-group' });
      }
      const { params, ttlMs, pace } = payload;
      const submission = await this.#deps.groupCommands.send(
        { to, group, name, params, pace, id, ttlMs },
        {
          requester,
          answerTo,
          delivery,
          expiryMs: expirySec === undefined ? undefined : expirySec * 1000,
        },
      );
      const hasNone = submission.kind === 'refused' && submission.refusal.reason === 'no-targets';
      if (hasNone && this.#leaveToOthers()) return;
      if (submission.kind === 'refused')
        this.#answerRefusal({ group, name, id, answerTo }, submission.refusal);
      if (submission.kind === 'repeated') this.#deps.answers.publish(submission.record, answerTo);
    } catch (error) {
      if (error instanceof HubError && error.code === 'bus-unavailable') throw error;
      this.#deps.log.error({ group, name, reason: messageOf(error) }, 'a group command was refused');
      refuse({ reason: 'unavailable' });
    }
  }

  #leaveToOthers(): boolean {
    if (!this.#deps.hasOtherHubs()) return false;
    this.#deps.counters.leftToOthers++;
    return true;
  }

  #answerRefusal({ group, name, id, answerTo }: Refused, { reason, errors }: CommandRefusal): void {
    const { clock, random, topics, statuses } = this.#deps;
    const payload = {
      // A fresh id: the caller's own may be another group command's.
      id: newCommandId(clock.now(), random),
      group,
      name,
      status: 'rejected' as const,
      ts: clock.now(),
      reason,
      ...withoutUndefined({ errors, requestedId: id === undefined ? undefined : cutText(id, 64) }),
    };
    if (isName(group)) {
      const topic = topics.groupStatus(group, payload.id, 'rejected');
      statuses.publish({ topic, payload: JSON.stringify(payload), qos: 1 });
    }
    if (answerTo !== undefined) statuses.publish(answerMessage(answerTo, payload));
  }
}
