import { createServer } from 'node:net';

const lowest = 20_000;
const highest = 32_000;

function listenable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/**
 * A free TCP port on 127.0.0.1 for a program that must be told its port, or must get the same one again after
 * a restart. It lies below the range from which the system serves port 0 and outgoing connections (32,768 on
 * Linux), so that nothing takes it by chance while the program is down.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await listenable(port)) return port;
  }
  throw new Error(`no free TCP port between ${lowest} and ${highest} on 127.0.0.1`);
}
