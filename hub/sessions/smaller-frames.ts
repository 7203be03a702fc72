import type { DesiredFrame, HubFrame, NackFrame, RecallFrame, UpdateFrame } from '../../schemas/index.ts';

/**
 * What is sent in place of a frame that is longer than the device can receive. A recall and a nack mean the same in
 * parts; a welcome goes without what is desired and without the update, which follow; a nack does without its explanations first. A command or a notice has no parts: it was to be refused before.
 * @param bytesOf how long a frame is on the connection
 * @returns undefined when nothing of it fits
 */
export function smallerFrames(
  frame: HubFrame,
  maxBytes: number,
  bytesOf: (frame: HubFrame) => number,
): HubFrame[] | undefined {
  const isWithin = (part: HubFrame, bytes = maxBytes): boolean => bytesOf(part) <= bytes;
  if (frame.type === 'recall') return partsOf(frame.ids, (ids): RecallFrame => ({ ...frame, ids }), isWithin);
  if (frame.type === 'welcome') {
    const { desired, update, ...welcome } = frame;
    const rest: (DesiredFrame | UpdateFrame)[] = [];
    if (desired !== undefined) rest.push({ type: 'desired', ...desired });
    if (update !== undefined) rest.push({ type: 'update', ...update });
    // What does not fit at all is found by the twins and the updates.
    return rest.length === 0 ? undefined : [welcome, ...rest.filter((part) => isWithin(part))];
  }
  if (frame.type !== 'nack') return undefined;
  const { rejectedSamples, errors = [], ...short } = frame;
  const [first] = errors;
  const explained: NackFrame = first === undefined ? short : { ...short, errors: [first] };
  // Beside the numbers of the samples there must be room for some of them.
  const nack = isWithin(explained, maxBytes - roomForSamples) ? explained : short;
  if (rejectedSamples === undefined) return [nack];
  return partsOf(rejectedSamples, (samples): NackFrame => ({ ...nack, rejectedSamples: samples }), isWithin);
}

/** Bytes: the name of the member, and some indexes. */
const roomForSamples = 64;

/** Frames that are small enough, each with as many items as fit. */
function partsOf<Item, Frame extends HubFrame>(
  items: readonly Item[],
  frameOf: (items: readonly Item[]) => Frame,
  isWithin: (frame: Frame) => boolean,
): Frame[] {
  const whole = frameOf(items);
  if (items.length <= 1 || isWithin(whole)) return [whole];
  const half = Math.ceil(items.length / 2);
  return [items.slice(0, half), items.slice(half)].flatMap((part) => partsOf(part, frameOf, isWithin));
}
