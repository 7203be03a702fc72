import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { WebSocket } from 'ws';
import type { Asker, PeerAddress, PeerClient } from '../../cluster/peers.ts';
import { askerHeader, askerText } from '../asker-header.ts';

/** Longer than any answer takes but that of a hub that does not answer, ms. */
const answerMs = 10_000;
/** The longest list of the largest fleet is far below it. */
const maxAnswerBytes = 64 * 1_048_576;
const maxMessageBytes = 16 * 1_048_576;
/** A feed whose socket does not take what is sent is of no use, bytes. */
const maxUnsentBytes = 1_048_576;

/** What belongs to the answer, and not to the connection. */
const passedOn = ['content-type', 'etag', 'cache-control', 'retry-after', 'content-disposition'];

/** Asks other hubs over HTTPS. The authority of their certificate stands in the state; their host name says nothing. */
export function createPeerClient(): PeerClient & { close(): void } {
  const agents = new Map<string, Agent>();
  const agentOf = ({ url, ca }: PeerAddress): Agent => {
    const known = agents.get(url);
    if (known !== undefined) return known;
    const agent = new Agent({ ...tlsOf(ca), keepAlive: true, maxSockets: 16, timeout: answerMs });
    agents.set(url, agent);
    return agent;
  };
  return {
    ask(address, { method, path, headers, body, asker }) {
      return new Promise((resolve, reject) => {
        const asked = request(
          new URL(path, address.url),
          {
            method,
            agent: agentOf(address),
            signal: AbortSignal.timeout(answerMs),
            headers: { ...headers, ...proofOf(address, asker), ...lengthOf(body) },
          },
          (answer) => {
            const parts: Buffer[] = [];
            let bytes = 0;
            answer.on('data', (part: Buffer) => {
              parts.push(part);
              bytes += part.length;
              if (bytes > maxAnswerBytes) asked.destroy(new Error('the answer is too long'));
            });
            answer.on('end', () =>
              resolve({
                status: answer.statusCode ?? 502,
                headers: kept(answer.headers),
                body: Buffer.concat(parts),
              }),
            );
            answer.on('error', reject);
          },
        );
        asked.on('error', reject);
        asked.end(body);
      });
    },

    watch(address, asker, { message, over }) {
      const url = new URL('/api/v1/live', address.url.replace('https:', 'wss:'));
      const socket = new WebSocket(url, {
        ...tlsOf(address.ca),
        headers: proofOf(address, asker),
        handshakeTimeout: answerMs,
        maxPayload: maxMessageBytes,
        perMessageDeflate: false,
      });
      const waiting: string[] = [];
      socket.on('open', () => {
        for (const text of waiting.splice(0)) socket.send(text);
      });
      socket.on('message', (data: Buffer) => message(data.toString()));
      // `close` follows.
      socket.on('error', () => undefined);
      socket.on('close', over);
      return {
        send(text) {
          if (socket.readyState === WebSocket.CONNECTING) waiting.splice(0, 1, text);
          else if (socket.bufferedAmount > maxUnsentBytes) socket.terminate();
          else if (socket.readyState === WebSocket.OPEN) socket.send(text);
        },
        close: () => socket.terminate(),
      };
    },

    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

function tlsOf(ca: string): { ca: string; checkServerIdentity: () => undefined } {
  return { ca, checkServerIdentity: () => undefined };
}

function proofOf({ token }: PeerAddress, asker: Asker): Record<string, string> {
  return { authorization: `Bearer ${token}`, [askerHeader]: askerText(asker) };
}

function lengthOf(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

function kept(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
