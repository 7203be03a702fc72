import { benchCommands } from './commands.ts';
import { benchConsole } from './console.ts';
import { benchIdle } from './idle.ts';
import { benchIngest } from './ingest.ts';
import { benchLadder } from './ladder.ts';
import { benchStorm } from './storm.ts';

/** `npm run bench [-- NAME …]`: each bench in turn; one JSON object a bench on stdout, progress on stderr. */

const benches: Record<string, () => Promise<object>> = {
  ladder: benchLadder,
  ingest: benchIngest,
  idle: benchIdle,
  storm: benchStorm,
  commands: benchCommands,
  console: benchConsole,
};

const asked = process.argv.slice(2);
const help = asked.includes('--help');
const unknown = asked.filter((name) => benches[name] === undefined);
if (help) {
  process.stdout.write(
    `npm run bench [-- ${Object.keys(benches).join(' | ')}]: each takes one to five minutes on a quiet machine.\n` +
      'BENCH_DEVICES, BENCH_SECONDS and BENCH_ROUNDS make one shorter or longer (see test/bench/NAME.ts).\n',
  );
} else if (unknown.length > 0) {
  process.stderr.write(
    `no such bench: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`,
  );
  process.exitCode = 2;
}
for (const [name, bench] of Object.entries(unknown.length > 0 ? {} : benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  process.stderr.write(`${name} …\n`);
  process.stdout.write(`${JSON.stringify({ bench: name, ...(await bench()) })}\n`);
}
