import { setTimeout as afterMs } from 'node:timers/promises';

/**
 * Lets time pass that is part of a scenario: the rhythm of a load, a period that is measured, or one in which something must
 * not happen. What has to have happened is awaited with `waitFor`.
 */
export async function letPass(ms: number): Promise<void> {
  await afterMs(ms);
}
