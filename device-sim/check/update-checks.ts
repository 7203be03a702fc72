import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { OfferedUpdate } from '../../schemas/index.ts';
import type { Bench } from './bench.ts';
import { demand, NotApplicable, pause, within, type Check } from './check.ts';
import type { PlayedSession } from './played-session.ts';

/** Checks of firmware updates. The file never has the SHA-256 that the hub gives, so no device installs it. */

const file = Buffer.alloc(30_000, 'check ');
const sha256 = 'c0ffee'.padEnd(64, '0');
const target = `/v1/artifacts/${sha256}`;
/** A device may download a wrong file several times, and waits longer each time. */
const patienceMs = 40_000;

function offerOf({ type }: Bench, url = target): OfferedUpdate {
  if (!type.updatesFirmware) throw new NotApplicable('the device type takes no firmware from the hub');
  return { id: 'check-update', version: '99.0.0-check', url, sha256, size: file.length };
}

/** Answers requests for the file, and records them. */
class Asked {
  readonly #requests: IncomingMessage[] = [];
  readonly #waiters = new Set<() => void>();
  readonly listener: RequestListener;

  constructor(answer: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
    this.listener = (request, response) => {
      this.#requests.push(request);
      answer(request, response, this.#requests.length);
      for (const waiter of this.#waiters) waiter();
    };
  }

  get count(): number {
    return this.#requests.length;
  }

  /** @throws CheckFault */
  async nth(count: number, otherwise: string, ms = 10_000): Promise<IncomingMessage> {
    const came = new Promise<IncomingMessage>((resolve) => {
      const look = (): void => {
        const request = this.#requests[count - 1];
        if (request !== undefined) resolve(request);
      };
      this.#waiters.add(look);
      look();
    });
    return within(ms, came, otherwise);
  }
}

/** Serves the whole file, or the requested part. */
function serve({ headers }: IncomingMessage, response: ServerResponse): void {
  const etag = `"${sha256}"`;
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  const isPart = from !== undefined && headers['if-range'] === etag;
  const bytes = isPart ? file.subarray(Number(from)) : file;
  const range = isPart ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {};
  response.writeHead(isPart ? 206 : 200, { etag, 'content-length': bytes.length, ...range });
  response.end(bytes);
}

const isEnd = ({ state }: { state: string }): boolean => state === 'failed' || state === 'rejected';

/** Waits until the device refuses the file, and acks the words before that. @throws CheckFault */
async function refusal(session: PlayedSession, ms = patienceMs) {
  const frame = await session.next('update-status', {
    wanted: (word) => isEnd(word) || word.state === 'applying',
    ms,
  });
  demand(frame.state !== 'applying', 'it applies a file that has another SHA-256 than the hub says');
  return frame;
}

async function startAndOffer(bench: Bench, asked: Asked): Promise<PlayedSession> {
  const update = offerOf(bench);
  bench.hub.files = asked.listener;
  bench.device.start();
  return bench.open({ update });
}

export const updateChecks: readonly Check[] = [
  {
    id: 'update/file',
    title:
      'requests the file with its own credential, and refuses a file with another SHA-256, with an error in words',
    async run(bench) {
      const asked = new Asked(serve);
      const session = await startAndOffer(bench, asked);
      const { authorization } = (await asked.nth(1, 'it did not ask for the file')).headers;
      const own = `Basic ${Buffer.from(`${bench.id}:${bench.secret}`).toString('base64')}`;
      demand(authorization === own, 'it asks for the file without its credential');
      const { error } = await refusal(session);
      demand(error !== undefined, 'it does not say why it refuses the file');
      await session.next('heartbeat', { from: session.heard.length });
    },
  },
  {
    id: 'update/elsewhere',
    title: 'gets a file of another server without its credential',
    async run(bench) {
      const asked = new Asked(serve);
      const server = createServer(asked.listener).listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const { port } = server.address() as AddressInfo;
        const update = offerOf(bench, `http://127.0.0.1:${port}/firmware.bin`);
        bench.device.start();
        const session = await bench.open({ update });
        const { authorization } = (await asked.nth(1, 'it did not ask for the file')).headers;
        demand(authorization === undefined, 'it gives its credential to a server that is not the hub');
        await refusal(session);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  },
  {
    id: 'update/resumed',
    title:
      'requests a file again after its download broke off: the rest with Range and If-Range, or the whole file',
    async run(bench) {
      const asked = new Asked((request, response, count) => {
        if (count > 1) return serve(request, response);
        response.writeHead(200, { etag: `"${sha256}"`, 'content-length': file.length });
        response.write(file.subarray(0, 10_000), () => setTimeout(() => response.destroy(), 300));
      });
      const session = await startAndOffer(bench, asked);
      const { range, 'if-range': ifRange } = (
        await asked.nth(2, 'it does not ask again for a file that broke off')
      ).headers;
      const isSafe = range === undefined || ifRange === `"${sha256}"`;
      demand(
        isSafe,
        `it requests ${range ?? ''} without If-Range: its first part may belong to another file`,
      );
      await refusal(session);
    },
  },
  {
    id: 'update/busy',
    title: 'comes again no sooner than Retry-After of a 503 says',
    async run(bench) {
      let refusedMs = 0;
      const asked = new Asked((request, response, count) => {
        if (count > 1) return serve(request, response);
        refusedMs = performance.now();
        response.writeHead(503, { 'retry-after': '2' });
        response.end();
      });
      await startAndOffer(bench, asked);
      await asked.nth(2, 'it does not ask again after a 503');
      const afterMs = performance.now() - refusedMs;
      demand(afterMs > 1_900, `it asks again after ${Math.round(afterMs)} ms; Retry-After is 2`);
    },
  },
  {
    id: 'update/word',
    title: 'sends its newest update-status again in each session until it is acked',
    async run(bench) {
      const update = offerOf(bench);
      bench.hub.files = serve;
      bench.device.start();
      const first = await bench.hub.session();
      first.acksWord = (word) => !isEnd(word);
      await first.welcome({ update });
      const { state } = await refusal(first);
      first.cut();
      const second = await bench.open({ update });
      const again = await refusal(second, 10_000);
      demand(
        again.state === state,
        `it sends ${again.state} in the next session; its newest state was ${state}`,
      );
      await pause(300);
      second.cut();
      const third = await bench.open();
      await pause(1_500);
      const acked = third.heard.some(({ frame }) => frame.type === 'update-status');
      demand(!acked, 'the update-status is sent again although it was acked');
    },
  },
  {
    id: 'update/withdrawn',
    title: 'does not go on with an update that was cancelled',
    async run(bench) {
      const asked = new Asked((_request, response) => {
        response.writeHead(200, { etag: `"${sha256}"`, 'content-length': file.length });
        response.write(file.subarray(0, 10_000));
      });
      const session = await startAndOffer(bench, asked);
      await asked.nth(1, 'it did not ask for the file');
      session.send({ type: 'update', id: 'check-update', cancelled: true });
      await pause(500);
      const from = session.heard.length;
      bench.hub.cutRequests();
      await pause(4_000);
      demand(asked.count === 1, 'it requests the file again although the update was cancelled');
      const words = session.heard.slice(from).some(({ frame }) => frame.type === 'update-status');
      demand(!words, 'it sends update-status for an update that was cancelled');
    },
  },
];
