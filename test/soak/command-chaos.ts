import { runCommandChaos } from '../helpers/drills/command-chaos.ts';

/** 1,000 commands while the hub, the broker and the links are killed at random, with either broker. */
export async function commandChaos(): Promise<unknown> {
  const reports: Record<string, unknown> = {};
  for (const broker of ['mosquitto', 'embedded'] as const) {
    reports[broker] = await runCommandChaos({
      broker,
      commands: 1_000,
      devices: 40,
      rate: 20,
      killEveryMs: 2_500,
      settleMs: 120_000,
      seed: `${broker}-${Date.now()}`,
    });
  }
  return reports;
}
