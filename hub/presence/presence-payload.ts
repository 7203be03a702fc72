import { jsonFields } from '../kernel/json-fields.ts';
import { presenceReasons, presenceStates } from '../../schemas/presence-states.ts';
import type { Marks, Presence } from '../../schemas/api/presence.ts';

/** What a hub says of a device on its retained topic. */
export function presencePayload(
  { state, reason, sinceMs, epoch, n, untilMs, marks }: Presence,
  { hubId, incarnation }: { hubId: string; incarnation: string },
): string {
  const { pongMs, frameMs, dataMs } = marks;
  // JSON leaves out what is undefined.
  return JSON.stringify({
    state,
    since: sinceMs,
    epoch,
    n,
    reason,
    hub: hubId,
    incarnation,
    until: untilMs,
    lastPong: pongMs,
    lastFrame: frameMs,
    lastData: dataMs,
  });
}

/** Undefined for anything else, such as the empty text of a device that is removed. */
export function presenceOfPayload(text: string): Presence | undefined {
  const fields = jsonFields(text);
  if (fields === undefined) return undefined;
  const number = (name: string): number | undefined => {
    const given = fields.get(name);
    return typeof given === 'number' ? given : undefined;
  };
  const state = presenceStates.find((each) => each === fields.get('state'));
  const reason = presenceReasons.find((each) => each === fields.get('reason'));
  const [sinceMs, epoch, n] = [number('since'), number('epoch'), number('n')];
  if (state === undefined || reason === undefined) return undefined;
  if (sinceMs === undefined || epoch === undefined || n === undefined) return undefined;
  const untilMs = number('until');
  const marks: Marks = {};
  const [pongMs, frameMs, dataMs] = [number('lastPong'), number('lastFrame'), number('lastData')];
  if (pongMs !== undefined) marks.pongMs = pongMs;
  if (frameMs !== undefined) marks.frameMs = frameMs;
  if (dataMs !== undefined) marks.dataMs = dataMs;
  return { state, reason, sinceMs, epoch, n, ...(untilMs === undefined ? {} : { untilMs }), marks };
}
