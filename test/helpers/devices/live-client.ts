import { once } from 'node:events';
import { WebSocket } from 'ws';
import { waitFor } from '../wait-for.ts';

export interface LiveMessage {
  t: string;
  [field: string]: unknown;
}

/** A page's live socket. */
export interface LiveClient {
  readonly ws: WebSocket;
  readonly messages: readonly LiveMessage[];
  watch(...topics: string[]): void;
  /** The first message of this kind, past or coming, that `wanted` takes. */
  next(t: string, wanted?: (message: LiveMessage) => boolean): Promise<LiveMessage>;
  /** Resolves with the code of the close, past or coming. */
  readonly closed: Promise<number>;
}

/** @param headers such as `authorization`, or `cookie` and `origin` @throws when the upgrade is refused, with the status */
export async function connectLive(
  adminUrl: string,
  headers: Readonly<Record<string, string>>,
): Promise<LiveClient> {
  const ws = new WebSocket(`${adminUrl.replace('http', 'ws')}/api/v1/live`, { headers });
  const messages: LiveMessage[] = [];
  const closed = new Promise<number>((resolve) => {
    ws.on('close', resolve);
  });
  ws.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as LiveMessage));
  await once(ws, 'open');
  ws.on('error', () => undefined);
  return {
    ws,
    messages,
    closed,
    watch: (...topics) => ws.send(JSON.stringify({ watch: topics })),
    next: (t, wanted = () => true) =>
      waitFor(() => messages.find((message) => message.t === t && wanted(message)), {
        what: `a live message ${t}; came: ${[...new Set(messages.map((message) => message.t))].join(', ')}`,
      }),
  };
}
