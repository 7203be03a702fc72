import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { HubFault, startHubProcess } from '../../../device-sim/demo/hub-process.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

/** How the demo waits for its hub, which is a program here that is ready when it is told so. */

const slowHub = `
import { existsSync, watch } from 'node:fs';
const say = (entry) => process.stdout.write(JSON.stringify({ level: 30, ...entry }) + '\\n');
say({ msg: 'state moved to version 9' });
const url = 'https://127.0.0.1:1';
const look = () => existsSync(process.env.GO) && say({ msg: 'ready', deviceUrl: url, adminUrl: url, dataDir: '.' });
watch(process.env.FOLDER, look);
setInterval(() => {}, 60_000);
look();
`;

function slow(t: TestContext) {
  const folder = temporaryFolder('demo-start');
  t.after(() => folder.remove());
  const main = join(folder.path, 'hub.mjs');
  writeFileSync(main, slowHub);
  const go = join(folder.path, 'go');
  const said: string[] = [];
  const spoken = Promise.withResolvers<void>();
  const stop = new AbortController();
  const starting = startHubProcess({
    env: { ...process.env, GO: go, FOLDER: folder.path },
    logFile: join(folder.path, 'hub.log'),
    onWarning: () => undefined,
    onStarting(text) {
      said.push(text);
      if (text.includes('state moved')) spoken.resolve();
    },
    signal: stop.signal,
    main,
    everyMs: 10,
  });
  return { starting, spoken: spoken.promise, said, stop, ready: () => writeFileSync(go, '') };
}

test('a start that takes long is spoken of, with what the hub does, until it is ready', async (t) => {
  const { starting, spoken, said, ready } = slow(t);
  await spoken;
  ready();
  const hub = await starting;
  assert.equal(hub.adminUrl, 'https://127.0.0.1:1');
  assert.match(said.at(-1) ?? '', /^\d+ s so far, last: state moved to version 9$/);
  await hub.stop();
});

test('a hub that is not ready yet is stopped when the demo is', async (t) => {
  const { starting, spoken, stop } = slow(t);
  await spoken;
  stop.abort();
  await assert.rejects(starting, new HubFault('stopped before the hub was ready'));
});
