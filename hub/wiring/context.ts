import type { Config } from '../config/config.ts';
import { EventLoopWatch } from '../kernel/event-loop.ts';
import type { Log } from '../kernel/log.ts';
import { Metrics } from '../kernel/metrics.ts';
import { Releasers } from '../kernel/releasers.ts';
import { shareTicks } from '../kernel/shared-ticks.ts';
import { systemClock, type Clock } from '../../schemas/time/clock.ts';

export interface HubDeps {
  log: Log;
  clock?: Clock;
  /** Uniform in [0, 1). */
  random?: () => number;
}

/** What every part of the hub is given first. */
export interface HubContext {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly eventLoop: EventLoopWatch;
  /** Each feature exposes its own. */
  readonly metrics: Metrics;
  /** Each part that was started pushes its close. */
  readonly releasers: Releasers;
  /** To be called when a part dies that the hub cannot run without. */
  readonly onFailure: (error: Error) => void;
  /** Resolves with the first such fault. */
  readonly failed: Promise<Error>;
}

export function newContext(
  config: Config,
  { log, clock = shareTicks(systemClock), random = Math.random }: HubDeps,
): HubContext {
  const failure = Promise.withResolvers<Error>();
  const onFailure = (error: Error): void => failure.resolve(error);
  const metrics = new Metrics({ processMetrics: true });
  const releasers = new Releasers();
  const eventLoop = new EventLoopWatch(clock);
  eventLoop.start();
  eventLoop.expose(metrics);
  releasers.push('event loop', () => eventLoop.close());
  return { config, log, clock, random, eventLoop, metrics, releasers, onFailure, failed: failure.promise };
}
