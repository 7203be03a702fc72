import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../services/free-port.ts';
import { spawnGuarded, temporaryFolder, type GuardedChild } from '../services/guard.ts';
import { findProgram } from '../services/services.ts';
import { waitFor } from '../wait-for.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The blocks of a page: those of a shell, and what it says that programs print. */
export function blocksOf(file: string, language: string): string[] {
  const blocks = readFileSync(join(root, file), 'utf8').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gmu);
  return [...blocks].filter(([, name]) => name === language).map(([, , text = '']) => text);
}

/** Somebody who follows a page from its first line on, in a checkout with its packages in which nothing has run yet. */
export interface NewReader {
  /** A command of the page. The ports of the page become those that are free here. @returns what it printed */
  does(command: string): Promise<string>;
  /** One that runs until it is ended. */
  begins(command: string): Promise<GuardedChild>;
  /** What a page says, with the ports of this reader. */
  reads(text: string): string;
  folder: string;
}

const patienceMs = 30_000;

export async function newReader(t: TestContext): Promise<NewReader> {
  const folder = temporaryFolder('reader');
  t.after(() => folder.remove());
  const left = new Set(['.git', 'dist', 'var']);
  for (const name of readdirSync(root).filter((each) => !left.has(each)))
    symlinkSync(join(root, name), join(folder.path, name));
  const ports = { 8443: await freePort(), 8080: await freePort(), 1883: await freePort() };
  const mosquitto = findProgram('mosquitto_pub');
  if (mosquitto === undefined) throw new Error('mosquitto_pub is missing; npm test brings it');
  // What npm told the script that we run in would lead it to our folder.
  const ours = /^(npm_|INIT_CWD|HUB_)/;
  const env = {
    ...Object.fromEntries(Object.entries(mosquitto.env).filter(([name]) => !ours.test(name))),
    PATH: [dirname(mosquitto.path), process.env['PATH'] ?? ''].join(delimiter),
    HUB_DEVICE_LISTEN: `0.0.0.0:${ports[8443]}`,
    HUB_ADMIN_LISTEN: `127.0.0.1:${ports[8080]}`,
    HUB_BROKER_LISTEN: `127.0.0.1:${ports[1883]}`,
  };
  const reads = (text: string): string =>
    Object.entries(ports).reduce((so, [usual, here]) => so.replaceAll(usual, `${here}`), text);
  const start = async (command: string): Promise<GuardedChild> => {
    const script = reads(command).replaceAll('npm ci && ', '');
    const child = await spawnGuarded('bash', ['-c', script], env, folder.path);
    t.after(() => child.end('SIGTERM'));
    return child;
  };
  return {
    folder: folder.path,
    reads,
    begins: start,
    async does(command) {
      const child = await start(command);
      const ended = await waitFor(() => (child.running ? undefined : child.exited), {
        what: `${command} has ended`,
        timeoutMs: patienceMs,
      });
      if (ended.code !== 0)
        throw new Error(`${command} ended with ${ended.code ?? ended.signal}:\n${child.output()}`);
      return child.output();
    },
  };
}
