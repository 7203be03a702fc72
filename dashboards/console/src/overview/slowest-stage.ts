import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import { texts } from '../texts/texts.ts';

export interface Stage {
  readonly name: string;
  /** How long a message is there, ms. */
  readonly ms: number;
}

/** The part of the way from a device to the store where messages are longest now. Pure. */
export function slowestStage({ eventLoop, store, spool, nowMs }: HubSnapshot): Stage {
  const stages: Stage[] = [{ name: texts.overview.readingFrames, ms: eventLoop.p99Ms }];
  if (store.writeMs !== null) stages.push({ name: texts.overview.writingToTheStore, ms: store.writeMs });
  if (spool.oldestMs !== null)
    stages.push({ name: texts.overview.spoolOnDisk, ms: Math.max(0, nowMs - spool.oldestMs) });
  return stages.reduce((slowest, stage) => (stage.ms > slowest.ms ? stage : slowest));
}
