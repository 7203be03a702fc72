import { isFinal } from '../../schemas/command-status.ts';
import type { CommandFollower } from './answers.ts';
import type { Command } from './command.ts';

/** A distribution per stage; a Prometheus histogram with the label `stage`. */
export interface StageHistogram {
  observe(labels: { stage: string }, seconds: number): void;
}

/** How long commands take from one stage to the next. */
export class CommandStages implements CommandFollower {
  #histogram: StageHistogram | undefined;

  expose(histogram: StageHistogram): void {
    this.#histogram = histogram;
  }

  /** A command has come to its state; the wall clock may have been set in between, so negative times are cut to 0. */
  commandChanged({ status, acceptedMs, sent, receivedMs, changedMs }: Command): void {
    if (status === 'sent' && sent !== undefined) this.#took('queued', acceptedMs, sent.ms);
    if (status === 'received' && sent !== undefined && receivedMs === changedMs) {
      this.#took('delivery', sent.ms, changedMs);
    }
    if (!isFinal(status)) return;
    if (receivedMs !== undefined) this.#took('run', receivedMs, changedMs);
    this.#took('total', acceptedMs, changedMs);
  }

  #took(stage: string, fromMs: number, toMs: number): void {
    this.#histogram?.observe({ stage }, Math.max(0, toMs - fromMs) / 1000);
  }
}
