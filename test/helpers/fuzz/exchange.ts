import { connect } from 'node:net';

/** A stalled machine is no finding: many times what an end takes. */
export const endWithinMs = 10_000;

export interface Step {
  bytes: Buffer;
  /** Whether the next step may begin, by all that has come; when not given, immediately. */
  until?: (answer: Buffer) => boolean;
}

/**
 * Sends the steps and then our end of the connection, and reads until the server ends too. A server that ends
 * before is sent nothing more.
 * @throws when it keeps the connection, with what it sent until then
 */
export function exchange(url: string, steps: readonly Step[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    let at = 0;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const proceed = (): void => {
      while (at < steps.length) {
        const before = steps[at - 1];
        if (before?.until?.(answer) === false) return;
        socket.write(steps[at]?.bytes ?? Buffer.alloc(0));
        at += 1;
      }
      if (steps.at(-1)?.until?.(answer) !== false && !socket.writableEnded) socket.end();
    };
    const timer = setTimeout(() => {
      socket.destroy();
      const sofar = answer.toString('latin1');
      reject(new Error(`the connection was not ended within ${endWithinMs} ms; so far came: ${sofar}`));
    }, endWithinMs);
    socket.on('connect', proceed);
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      proceed();
    });
    // A reset is an end too.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
