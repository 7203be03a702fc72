import { InvalidArgumentError, type Command } from 'commander';
import {
  addConnectOptions,
  exitCodes,
  parseCount,
  parsePositive,
  readCa,
  readCredentials,
  type CliContext,
  type ConnectOptions,
} from './sim-context.ts';
import { terminalText } from '../../schemas/terminal-text.ts';
import { systemClock } from '../../schemas/time/clock.ts';
import { askHub } from './hub-socket.ts';
import { verify, type HubLedger, type VerifiedHub } from '../verify/verify.ts';
import { faultNames, isFault, type FaultName } from '../verify/verify-faults.ts';
import type { StoredRow } from '../verify/verify-ledger.ts';

interface VerifyCommandOptions extends ConnectOptions {
  socket: string;
  credentials?: string;
  count?: number;
  seed: string;
  rate: number;
  duration: number;
  settle: number;
  faults: FaultName[];
  json?: true;
}

/** How many differences are shown as text; `--json` lists all. */
const shownDifferences = 20;

/** `verify`: runs devices with every fault, and compares their ledger with the store and the hub's ledger. */
export function addVerify(program: Command, context: CliContext): void {
  addConnectOptions(
    program
      .command('verify')
      .description('run faulty devices, and compare what the hub acked with its store and its ledger'),
  )
    .requiredOption('--socket <file>', "the hub's hub.sock, in its data folder")
    .option('--credentials <file>', 'env-sensor@1 devices without stored readings (default: stdin)')
    .option('--count <n>', 'only the first n devices', parseCount)
    .option('--seed <text>', 'the same seed gives the same values and faults', '1')
    .option('--rate <n>', 'readings per second and device', parsePositive, 2)
    .option('--duration <seconds>', 'how long the devices send', parsePositive, 60)
    .option('--settle <seconds>', 'how long storing everything may take afterwards', parsePositive, 120)
    .option('--faults <list>', `some of ${faultNames.join(',')}`, parseFaults, faultNames)
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExit codes: 0 no differences · 1 differences · 2 could not run')
    .action(async (options: VerifyCommandOptions) => {
      await runVerify(options, context);
    });
}

async function runVerify(options: VerifyCommandOptions, context: CliContext): Promise<void> {
  const { url, socket, seed, rate, duration, settle, json } = options;
  const credentials = (await readCredentials(options.credentials, context)).slice(0, options.count);
  const report = await verify(hubBehind(socket), {
    url,
    ...readCa(options.ca),
    credentials,
    seed,
    rate,
    durationSec: duration,
    settleSec: settle,
    faults: options.faults,
    clock: systemClock,
    stopped: context.stopped,
    say: (text) => context.stderr.write(terminalText(`${text}\n`)),
  });
  const { differences, faults, ...counts } = report;
  if (json === true) context.stdout.write(terminalText(`${JSON.stringify(report)}\n`));
  else {
    for (const difference of differences.slice(0, shownDifferences))
      context.stdout.write(terminalText(`${difference}\n`));
    const numbers = Object.entries({ ...counts, ...faults, differences: differences.length });
    context.stdout.write(`${numbers.map(([name, value]) => `${name} ${value}`).join(' · ')}\n`);
  }
  context.exit(differences.length === 0 ? exitCodes.ok : exitCodes.incomplete);
}

/** The hub's operator API. Hub and simulator are of the same release, so the answers need no check. */
function hubBehind(socket: string): VerifiedHub {
  return {
    async ledger(device) {
      const path = `/api/v1/ledger?device=${encodeURIComponent(device)}`;
      const report = (await askHub(socket, path)) as { accounts: HubLedger[] };
      return report.accounts[0];
    },
    async readings(device, stream) {
      const path = `/api/v1/devices/${encodeURIComponent(device)}/readings/${encodeURIComponent(stream)}`;
      const query = 'fromMs=0&toMs=9000000000000&limit=100000&take=first';
      return ((await askHub(socket, `${path}?${query}`)) as { readings: StoredRow[] }).readings;
    },
  };
}

function parseFaults(text: string): FaultName[] {
  return text.split(',').map((name) => {
    if (!isFault(name)) throw new InvalidArgumentError(`It must be a list of ${faultNames.join(',')}.`);
    return name;
  });
}
