import { randomBytes } from 'node:crypto';
import type { HubLink, HubMessage } from './hub-link.ts';

/** The hub says nothing at all for so long: it is not there, or the broker does not let the request through. ms. */
const silenceMs = 15_000;

/** An answer, or the reason why none is to be expected. */
export type Outcome<Answer> = { kind: 'answered'; answer: Answer } | { kind: 'no-answer'; why: string };

/** @returns an id that no other request has; the hub refuses none of its form */
export function newRequestId(): string {
  return `nr-${Date.now().toString(36)}-${randomBytes(6).toString('hex')}`;
}

/**
 * Publishes a request once somebody listens for its answers, and waits for the last of them.
 * @param take a message on one of the filters → the answer that ends the wait, `going on` for one on the way, undefined for another's
 * @param patienceMs at the most, once the hub has spoken
 */
export async function ask<Answer>(
  link: HubLink,
  {
    filters,
    publish,
    take,
    patienceMs,
  }: {
    filters: readonly string[];
    publish: () => Promise<void>;
    take: (message: HubMessage) => { answer: Answer } | 'going on' | undefined;
    patienceMs: number;
  },
): Promise<Outcome<Answer>> {
  if (link.state.kind !== 'connected')
    return { kind: 'no-answer', why: "there is no connection to the hub's broker" };
  const { promise, resolve } = Promise.withResolvers<Outcome<Answer>>();
  const giveUp = (why: string, afterMs: number): NodeJS.Timeout =>
    setTimeout(() => resolve({ kind: 'no-answer', why }), afterMs);
  let timer = giveUp('the hub does not answer', silenceMs);
  let isHeard = false;
  const subscriptions = filters.map((filter) =>
    link.listen(filter, (message) => {
      const taken = take(message);
      if (taken === undefined) return;
      if (taken !== 'going on') return resolve({ kind: 'answered', answer: taken.answer });
      if (isHeard) return;
      isHeard = true;
      clearTimeout(timer);
      timer = giveUp(`it has not ended after ${patienceMs / 1_000} s`, patienceMs);
    }),
  );
  try {
    await Promise.all(subscriptions.map(({ ready }) => ready));
    await publish();
    return await promise;
  } finally {
    clearTimeout(timer);
    for (const { stop } of subscriptions) stop();
  }
}
