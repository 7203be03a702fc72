import { parseArgs } from 'node:util';
import { benchAlarms } from './alarms.ts';
import { benchCbor } from './cbor.ts';
import { benchCluster } from './cluster.ts';
import { benchCommands } from './commands.ts';
import { benchConsoleCharts } from './console-charts.ts';
import { benchConsole } from './console.ts';
import { benchDownloads } from './downloads.ts';
import { benchFrames } from './frames.ts';
import { benchIdle } from './idle.ts';
import { benchIngest } from './ingest.ts';
import { benchLadder } from './ladder.ts';
import { benchRate } from './rate.ts';
import { benchReads } from './reads.ts';
import { checkOut, compared, type Revision } from './revision.ts';
import { benchStorm } from './storm.ts';
import { benchTwins } from './twins.ts';
import { benchWire } from './wire.ts';

/** `npm run bench`: one JSON object a bench on stdout, progress on stderr. */

const benches: Record<string, (revision: Revision) => Promise<object>> = {
  ladder: benchLadder,
  ingest: benchIngest,
  idle: (revision) => benchIdle(revision, false),
  'idle-wss': (revision) => benchIdle(revision, true),
  storm: (revision) => benchStorm(revision, false),
  'storm-wss': (revision) => benchStorm(revision, true),
  /** As many as one process may have open where descriptors end at 20,000. */
  connections: (revision) => benchIdle(revision, true, 19_000),
  rate: benchRate,
  commands: benchCommands,
  cluster: benchCluster,
  twins: benchTwins,
  alarms: benchAlarms,
  downloads: benchDownloads,
  wire: benchWire,
  reads: benchReads,
  console: benchConsole,
  'console-charts': benchConsoleCharts,
  frames: benchFrames,
  cbor: benchCbor,
};

const usage = `npm run bench -- NAME … | all [--base REVISION] [--rounds N]

${Object.keys(benches).join(', ')}: each takes one to five minutes on a quiet machine.
--base runs the hub of another revision (a commit, a tag) in turn with this one, five rounds unless --rounds says
otherwise, and gives for each number its spread on both and the ratio of the two in one round. The ladder has it as one
more rung.
BENCH_DEVICES, BENCH_SECONDS and BENCH_ROUNDS make a bench shorter or longer (see test/bench/NAME.ts).
`;

async function run(names: readonly string[], base: Revision | undefined, rounds: number): Promise<void> {
  for (const name of names) {
    const bench = benches[name];
    if (bench === undefined) continue;
    process.stderr.write(`${name} …\n`);
    let result: object;
    if (base === undefined) result = await bench({});
    else if (bench === benchLadder) result = await benchLadder(base);
    else {
      const taken: { here: object; base: object }[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        process.stderr.write(`${name}, round ${round} of ${rounds} …\n`);
        taken.push({ base: await bench(base), here: await bench({}) });
      }
      result = { rounds, ...compared(taken) };
    }
    process.stdout.write(`${JSON.stringify({ bench: name, ...result })}\n`);
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});
const names = positionals.includes('all') ? Object.keys(benches) : positionals;
const unknown = names.filter((name) => benches[name] === undefined);
const rounds = Number(values.rounds);
if (values.help) process.stdout.write(usage);
else if (unknown.length > 0 || names.length === 0 || !(Number.isInteger(rounds) && rounds > 0)) {
  if (unknown.length > 0) process.stderr.write(`no such bench: ${unknown.join(', ')}\n`);
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const base = values.base === undefined ? undefined : checkOut(values.base);
  try {
    await run(names, base, rounds);
  } finally {
    base?.remove();
  }
}
