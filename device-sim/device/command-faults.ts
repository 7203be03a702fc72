import type { AnswerFaults, CommandHandler } from '../../sdk/typescript/src/node.ts';

/** Deliberate mistakes of a device in handling its commands. */
export interface CommandFaults extends AnswerFaults {
  /** The power fails once: after a command has started but not acted, or has acted but its result is not stored. */
  dies?: 'before-result' | 'after-act';
}

/**
 * A handler whose device loses its power at the given moment. Nothing happens after that.
 * @param dies the moment; undefined: the device keeps its power
 * @param died cuts the power
 */
export function mortal(
  handler: CommandHandler,
  dies: () => CommandFaults['dies'],
  died: () => void,
): CommandHandler {
  const never = new Promise<never>(() => undefined);
  return async (call) => {
    if (dies() === 'before-result') {
      died();
      return never;
    }
    const outcome = await handler(call);
    if (dies() !== 'after-act') return outcome;
    died();
    return never;
  };
}
