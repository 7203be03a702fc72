import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { clientSnippet } from '../helpers/devices/client-snippet.ts';
import { pageCredential } from '../helpers/devices/client-requests.ts';
import { launchChromium } from '../helpers/services/chromium.ts';
import { startInProcessHub } from '../helpers/hubs/in-process-hub.ts';

/** A web page as a device, in Chromium. */

let browser: Promise<Browser> | undefined;
after(async () => (await browser)?.close());

/** An empty page of an origin of its own. */
async function servePage(t: TestContext): Promise<string> {
  const server = createServer((_request, response) =>
    response.setHeader('Content-Type', 'text/html').end('<p>'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Ask {
  url: string;
  subprotocols: string[];
}

/** An empty page of this origin, in a browser of its own. */
async function openPage(t: TestContext, origin: string): Promise<Page> {
  browser ??= launchChromium();
  const context = await (await browser).newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(origin);
  return page;
}

/** What a page of this origin gets: the first frame of the hub, or the code it was closed with. */
async function connectFrom(t: TestContext, origin: string, ask: Ask): Promise<string> {
  const page = await openPage(t, origin);
  return page.evaluate(
    ({ url, subprotocols }) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url, subprotocols);
        socket.addEventListener('open', () =>
          socket.send('{"type":"hello","boot":"b-1","deviceType":"env-sensor@1","t1":0}'),
        );
        socket.addEventListener('message', ({ data }) => resolve(`${socket.protocol} ${String(data)}`));
        socket.addEventListener('close', ({ code }) => resolve(`closed ${code}`));
      }),
    ask,
  );
}

test('a page of an allowed origin opens a session with its credential, a page of another origin does not', async (t) => {
  const [allowed, other] = [await servePage(t), await servePage(t)];
  const hub = await startInProcessHub(t, { HUB_ALLOWED_ORIGINS: allowed });
  await hub.add(['d-1']);
  const { id, secret } = hub.device('d-1');
  const ask = { url: hub.hub.deviceUrl, subprotocols: ['hub.v1.json', pageCredential({ id, secret })] };
  assert.match(await connectFrom(t, allowed, ask), /^hub\.v1\.json \{"type":"welcome"/);
  assert.equal(await connectFrom(t, other, ask), 'closed 1006');
  const wrong = pageCredential({ id, secret: 'wrong' });
  assert.equal(
    await connectFrom(t, allowed, { ...ask, subprotocols: ['hub.v1.json', wrong] }),
    'closed 1006',
  );
});

test('the code for a page in the list of clients stores a reading', async (t) => {
  const allowed = await servePage(t);
  const hub = await startInProcessHub(t, { HUB_ALLOWED_ORIGINS: allowed });
  await hub.add(['d-1']);
  const page = await openPage(t, allowed);
  const said = page.waitForEvent('console', { timeout: 10_000 });
  const { secret } = hub.device('d-1');
  const url = hub.hub.deviceUrl;
  const content = clientSnippet('A web page', { 'wss://HUB:8443/v1/device': url, SECRET: secret });
  await page.addScriptTag({ content });
  assert.equal((await said).text(), 'stored 1');
});
