import type { Check } from './check.ts';
import { commandChecks } from './command-checks.ts';
import { connectChecks } from './connect-checks.ts';
import { dataChecks } from './data-checks.ts';
import { linkChecks } from './link-checks.ts';
import { nackChecks } from './nack-checks.ts';
import { reconnectChecks } from './reconnect-checks.ts';
import { secretChecks } from './secret-checks.ts';
import { tlsChecks } from './tls-checks.ts';
import { twinChecks } from './twin-checks.ts';
import { updateChecks } from './update-checks.ts';

/** Every check, in the order of the report. */
export const allChecks: readonly Check[] = [
  ...tlsChecks,
  ...connectChecks,
  ...dataChecks,
  ...nackChecks,
  ...linkChecks,
  ...reconnectChecks,
  ...commandChecks,
  ...secretChecks,
  ...twinChecks,
  ...updateChecks,
];
