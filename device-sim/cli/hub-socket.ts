import { cutText } from '../../schemas/cut-text.ts';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';

const timeoutMs = 30_000;

/** A GET of the hub's operator API, over the socket in its data folder. @throws Error with the hub's message */
export async function askHub(socketPath: string, path: string): Promise<unknown> {
  const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const asking = request({ socketPath, path, agent: false, signal: AbortSignal.timeout(timeoutMs) });
    asking.once('error', reject);
    asking.once('response', (response) => {
      text(response).then((words) => resolve({ status: response.statusCode ?? 0, body: words }), reject);
    });
    asking.end();
  });
  if (status !== 200) throw new Error(`the hub answered ${status} to ${path}: ${cutText(body, 200)}`);
  return JSON.parse(body) as unknown;
}
