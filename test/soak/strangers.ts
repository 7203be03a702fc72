import { slackOfSoak, strangerFaults, summary } from '../helpers/drills/stranger-verdict.ts';
import { strangers } from '../helpers/drills/strangers.ts';
import { report, say } from './report.ts';

const minuteMs = 60_000;

/** Every flood again and again beside a hundred devices, with quiet in between: `npm run soak -- strangers [minutes]`. */
export async function soakFloods(minutes = 60): Promise<boolean> {
  const floods = await strangers({ devices: 100, windowMs: 10_000, forMs: minutes * minuteMs, say });
  const faults = floods.flatMap((flood) => strangerFaults(flood, slackOfSoak));
  report({
    floods: floods.map((flood) => ({ ...summary(flood), counters: flood.counters })),
    faults,
  });
  return faults.length === 0;
}
