import type { Config } from '../config/config.ts';
import type { Log } from '../kernel/log.ts';
import { Metrics } from '../kernel/metrics.ts';
import { Releasers } from '../kernel/releasers.ts';
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
  { log, clock = systemClock, random = Math.random }: HubDeps,
): HubContext {
  const failure = Promise.withResolvers<Error>();
  const onFailure = (error: Error): void => failure.resolve(error);
  const metrics = new Metrics({ processMetrics: true });
  const releasers = new Releasers();
  return { config, log, clock, random, metrics, releasers, onFailure, failed: failure.promise };
}
