import type { CommandView } from '../../schemas/api/commands/commands.ts';
import type { OutgoingMessage } from '../bus/bus.ts';
import { withoutUndefined } from '../kernel/without-undefined.ts';
import type { Command } from './command.ts';
import type { AnswerAddress } from './journal.ts';
import { traceparentOf } from './trace-context.ts';

/** The payload of a command's status topic. */
export type CommandStatusPayload = Omit<CommandView, 'final' | 'params' | 'accepted' | 'actor' | 'origin'>;

/** A command as every interface shows it. */
export function payloadOf(command: Command): CommandStatusPayload {
  const { id, device, name, status, reason, errors, output, percent, note, cancelRequested } = command;
  const running = status === 'running';
  return {
    id,
    device,
    name,
    status,
    ts: running ? (command.reportedMs ?? command.changedMs) : command.changedMs,
    deadline: command.deadlineMs,
    ...withoutUndefined({
      reason,
      errors,
      output,
      percent: running ? percent : undefined,
      note: running ? note : undefined,
      cancelRequested: cancelRequested ? (true as const) : undefined,
    }),
  };
}

/** User properties by which whoever reads a status goes on with the trace of its command. */
export function traceProperties({ trace }: Pick<Command, 'trace'>): Readonly<Record<string, string>> {
  return trace === undefined ? {} : { traceparent: traceparentOf(trace) };
}

/** The final answer on a caller's Response Topic. @param properties further user properties */
export function answerMessage(
  to: AnswerAddress,
  payload: { readonly status: string; readonly reason?: string },
  properties: Readonly<Record<string, string>> = {},
): OutgoingMessage {
  const { status, reason } = payload;
  return {
    topic: to.topic,
    payload: JSON.stringify(payload),
    qos: 1,
    correlationData: to.correlation,
    userProperties: {
      ...properties,
      ...(reason === undefined ? { status } : { status, reason: plainText(reason) }),
    },
  };
}

/**
 * A device's text as a UTF-8 string property: brokers close the connection over control characters and
 * non-characters in one [MQTT-1.5.4-1, MQTT 5 §1.5.4]. The payload has the text as it came.
 */
function plainText(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Noncharacter_Code_Point}]/gu, ' ');
}
