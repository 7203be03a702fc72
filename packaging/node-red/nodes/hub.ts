/** The configuration node: one hub, with its broker and, for the forms of the editor, its API. */
import { HubLink } from './hub-link.ts';
import type { EditorResponse, Runtime, RuntimeNode } from './runtime.ts';

interface HubConfig {
  broker: string;
  root: string;
  ca: string;
  api: string;
}

export interface HubNode extends RuntimeNode {
  readonly link: HubLink;
}

/** How long the editor waits for the hub, ms. */
const apiTimeoutMs = 10_000;
/** More devices make no list to choose from; the name is typed. */
const mostDevices = 500;

export default function register(red: Runtime): void {
  /** Address and token by the node's id. */
  const apis = new Map<string, { url: string; token: string }>();

  red.nodes.registerType(
    'device-hub',
    function hub(this: RuntimeNode, config: HubConfig) {
      red.nodes.createNode(this, config);
      const { user, password, token = '' } = this.credentials ?? {};
      const link = new HubLink({
        broker: config.broker,
        root: config.root === '' ? 'hub/v1' : config.root,
        ca: config.ca,
        user,
        password,
      });
      Object.assign(this, { link });
      apis.set(this.id, { url: config.api, token });
      this.on('close', (done) => {
        apis.delete(this.id);
        link.close();
        done();
      });
    },
    { credentials: { user: { type: 'text' }, password: { type: 'password' }, token: { type: 'password' } } },
  );

  const mayRead = red.auth.needsPermission('device-hub.read');
  const serve = (path: string, question: (params: Readonly<Record<string, string>>) => string): void => {
    red.httpAdmin.get(`/device-hub/:hub/${path}`, mayRead, ({ params }, response) => {
      void answer(response, apis.get(params['hub'] ?? ''), question(params));
    });
  };
  serve('types', () => '/device-types');
  serve('types/:type', ({ type = '' }) => `/device-types/${encodeURIComponent(type)}`);
  serve('devices/:type', ({ type = '' }) => `/devices?type=${encodeURIComponent(type)}&limit=${mostDevices}`);
}

/** The hub's answer, or why there is none, in words for the form. */
async function answer(
  response: EditorResponse,
  api: { url: string; token: string } | undefined,
  path: string,
): Promise<void> {
  if (api === undefined) {
    response.status(404).json({ message: 'Deploy the hub first: then the form can ask it.' });
    return;
  }
  if (api.url === '' || api.token === '') {
    response.status(404).json({ message: 'The hub has no API address or no token in its settings.' });
    return;
  }
  try {
    const given = await fetch(`${api.url.replace(/\/$/, '')}/api/v1${path}`, {
      headers: { authorization: `Bearer ${api.token}` },
      signal: AbortSignal.timeout(apiTimeoutMs),
    });
    const body: unknown = await given.json();
    response.status(given.ok ? 200 : 502).json(body);
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    response.status(502).json({ message: `${api.url} does not answer: ${why}` });
  }
}
