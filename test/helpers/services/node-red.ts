import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serviceCache } from './debian-packages.ts';
import { freePort } from './free-port.ts';
import { spawnGuarded } from './guard.ts';
import { waitFor } from '../wait-for.ts';

const manifest = fileURLToPath(new URL('../node-red/', import.meta.url));
/** Where it is kept: 116 MB in 278 packages, which nobody needs who only runs or builds the hub. */
const kept = join(serviceCache, 'node-red');

/**
 * Installs the Node-RED of the lock file unless it is there.
 * @returns its version
 * @throws with npm's own words when that fails
 */
export function prepareNodeRed(): string {
  const lock = readFileSync(join(manifest, 'package-lock.json'), 'utf8');
  const has = existsSync(join(kept, 'package-lock.json'))
    ? readFileSync(join(kept, 'package-lock.json'), 'utf8')
    : undefined;
  if (has !== lock) {
    const fresh = `${kept}.${process.pid}`;
    mkdirSync(fresh, { recursive: true });
    for (const name of ['package.json', 'package-lock.json']) cpSync(join(manifest, name), join(fresh, name));
    // The optional one is compiled, and Node-RED goes without.
    const options = ['--omit=optional', '--no-audit', '--no-fund', '--prefer-offline'];
    execFileSync('npm', ['ci', ...options], { cwd: fresh, stdio: 'pipe', timeout: 300_000 });
    rmSync(kept, { recursive: true, force: true });
    renameSync(fresh, kept);
  }
  const { version } = JSON.parse(readFileSync(join(kept, 'node_modules/node-red/package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

export interface NodeRed {
  /** Of its editor and of the flows' own pages. */
  readonly url: string;
  readonly pid: number;
  output(): string;
  close(): Promise<void>;
}

/**
 * Starts the real Node-RED on a folder of a user, with the packages installed there.
 * @param flows the flows it begins with @param credentials of their nodes, by id
 */
export async function startNodeRed(
  folder: string,
  { flows, credentials }: { flows: readonly object[]; credentials: Readonly<Record<string, object>> },
): Promise<NodeRed> {
  prepareNodeRed();
  writeFileSync(join(folder, 'flows.json'), JSON.stringify(flows));
  writeFileSync(join(folder, 'flows_cred.json'), JSON.stringify(credentials));
  const port = await freePort();
  const settings = {
    flowFile: 'flows.json',
    credentialSecret: false,
    uiHost: '127.0.0.1',
    uiPort: port,
    editorTheme: { tours: false },
    telemetry: { enabled: false },
  };
  writeFileSync(join(folder, 'settings.cjs'), `module.exports = ${JSON.stringify(settings)};\n`);
  const main = join(kept, 'node_modules/node-red/red.js');
  const args = [main, '--userDir', folder, '--settings', join(folder, 'settings.cjs')];
  const child = await spawnGuarded(process.execPath, args, { ...process.env, NO_UPDATE_NOTIFIER: '1' });
  try {
    const what = 'the flows of Node-RED';
    await waitFor(() => !child.running || child.output().includes('Started flows'), {
      what,
      timeoutMs: 60_000,
    });
    if (!child.running) throw new Error('Node-RED ended');
  } catch (error) {
    await child.end('SIGKILL');
    throw new Error(`Node-RED did not start; it wrote ${child.output()}`, { cause: error });
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    output: () => child.output(),
    close: async () => {
      await child.end('SIGKILL');
    },
  };
}
