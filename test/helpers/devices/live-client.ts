import { once } from 'node:events';
import { WebSocket } from 'ws';
import { LiveMessage } from '../../../schemas/api/live.ts';
import type { LiveRequest, LiveTopic } from '../../../schemas/api/live.ts';
import { assertFits } from '../api-check.ts';
import { waitFor } from '../wait-for.ts';

type Kind = LiveMessage['t'];
type Of<T extends Kind> = Extract<LiveMessage, { t: T }>;

/** A page's live socket. A message that its definition does not describe fails the test. */
export interface LiveClient {
  readonly ws: WebSocket;
  readonly messages: readonly LiveMessage[];
  watch(...topics: LiveTopic[]): void;
  /** The first message of this kind, past or coming, that `wanted` takes. */
  next<T extends Kind>(t: T, wanted?: (message: Of<T>) => boolean): Promise<Of<T>>;
  /** Resolves with the code of the close, past or coming. */
  readonly closed: Promise<number>;
}

/** @param headers such as `authorization`, or `cookie` and `origin` @param timeoutMs how long `next` waits @throws when the upgrade is refused, with the status */
export async function connectLive(
  adminUrl: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs = 5_000,
): Promise<LiveClient> {
  const ws = new WebSocket(`${adminUrl.replace('http', 'ws')}/api/v1/live`, { headers });
  const messages: LiveMessage[] = [];
  const closed = new Promise<number>((resolve) => {
    ws.on('close', resolve);
  });
  ws.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as LiveMessage;
    assertFits(LiveMessage, message, 'a live message');
    messages.push(message);
  });
  await once(ws, 'open');
  ws.on('error', () => undefined);
  return {
    ws,
    messages,
    closed,
    watch: (...topics) => ws.send(JSON.stringify({ watch: topics } satisfies LiveRequest)),
    next: <T extends Kind>(t: T, wanted: (message: Of<T>) => boolean = () => true) =>
      waitFor(
        () => messages.find((message): message is Of<T> => message.t === t && wanted(message as Of<T>)),
        {
          what: `a live message ${t}; came: ${[...new Set(messages.map((message) => message.t))].join(', ')}`,
          timeoutMs,
        },
      ),
  };
}
