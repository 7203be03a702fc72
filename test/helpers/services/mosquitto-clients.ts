import { spawnGuarded } from './guard.ts';
import { program } from './services.ts';

/**
 * Runs the real `mosquitto_pub` with these arguments (`['-p', String(port), '-t', topic, '-m', payload]`) and
 * resolves when it has ended; MQTT 5 unless the arguments say `-V` themselves.
 * @throws with what it wrote when its exit code is not 0
 */
export async function mosquittoPub(args: readonly string[]): Promise<void> {
  const { path, env } = program('mosquitto_pub');
  const child = await spawnGuarded(path, withVersion(args), env);
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`mosquitto_pub ${args.join(' ')} ended with ${code}: ${child.output()}`);
}

function withVersion(args: readonly string[]): readonly string[] {
  return args.includes('-V') ? args : ['-V', '5', ...args];
}

export interface SubscribedMessage {
  topic: string;
  payload: string;
  qos: number;
  retain: boolean;
  /** Empty when the message has none. */
  responseTopic: string;
  /** Empty when the message has none. */
  correlationData: string;
  /** `name:value` pairs, a space between two; empty when the message has none. */
  userProperties: string;
}

export interface Subscription {
  /** All that have come, in order. */
  readonly messages: readonly SubscribedMessage[];
  /**
   * The first message, past or coming, that `wanted` takes.
   * @throws when none comes within `timeoutMs` (5,000), naming `what` and listing what did come
   */
  next(
    what: string,
    wanted: (message: SubscribedMessage) => boolean,
    timeoutMs?: number,
  ): Promise<SubscribedMessage>;
  close(): Promise<void>;
}

/** Between two parts of a line; no topic or JSON payload holds it (RFC 8259 §7: escaped there). */
const separator = '\u001F';
const lineStart = 'message';
/** mosquitto_sub(1), OUTPUT FORMAT. */
const format = [lineStart, '%t', '%q', '%r', '%R', '%D', '%P', '%p'].join(separator);

function parseMessage(line: string): SubscribedMessage | undefined {
  const [start, topic, qos, retain, responseTopic, correlationData, userProperties, payload] =
    line.split(separator);
  if (start !== lineStart || topic === undefined || payload === undefined) return undefined;
  return {
    topic,
    payload,
    qos: Number(qos),
    retain: retain === '1',
    responseTopic: responseTopic ?? '',
    correlationData: correlationData ?? '',
    userProperties: userProperties ?? '',
  };
}

interface Waiter {
  wanted: (message: SubscribedMessage) => boolean;
  resolve: (message: SubscribedMessage) => void;
}

/**
 * Starts the real `mosquitto_sub` with these arguments (`['-p', String(port), '-q', '1', '-t', filter]`) and
 * resolves when the broker has granted the subscription; MQTT 5 unless the arguments say `-V` themselves.
 * Payloads are read as one line of text each.
 * @throws with what it wrote when it ends before that
 */
export async function mosquittoSub(args: readonly string[]): Promise<Subscription> {
  const { path, env } = program('mosquitto_sub');
  // -d makes it say when it is subscribed; it says so into a buffer unless stdout is a terminal, so stdbuf
  // (coreutils) makes it write each line at once.
  const child = await spawnGuarded('stdbuf', ['-oL', path, '-d', '-F', format, ...withVersion(args)], env);
  const messages: SubscribedMessage[] = [];
  const waiters = new Set<Waiter>();
  const granted = Promise.withResolvers<void>();
  const onLine = (line: string): void => {
    if (line.startsWith('Subscribed (mid')) granted.resolve();
    const message = parseMessage(line);
    if (message === undefined) return;
    messages.push(message);
    for (const waiter of waiters) if (waiter.wanted(message)) waiter.resolve(message);
  };
  let rest = '';
  child.process.stdout?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  const ended = child.exited.then(({ code }) => {
    throw new Error(`mosquitto_sub ${args.join(' ')} ended with ${code}: ${child.output()}`);
  });
  // Met where it matters: at the start and by whoever waits for a message.
  ended.catch(() => undefined);
  await Promise.race([granted.promise, ended]);
  return {
    messages,
    async next(what, wanted, timeoutMs = 5_000) {
      const past = messages.find(wanted);
      if (past !== undefined) return past;
      const coming = Promise.withResolvers<SubscribedMessage>();
      const waiter: Waiter = { wanted, resolve: coming.resolve };
      waiters.add(waiter);
      const timer = setTimeout(() => {
        const came = messages.map(({ topic, payload }) => `${topic} ${payload}`).join('\n');
        coming.reject(new Error(`waited ${timeoutMs} ms in vain: ${what}. What came:\n${came}`));
      }, timeoutMs);
      try {
        return await Promise.race([coming.promise, ended]);
      } finally {
        clearTimeout(timer);
        waiters.delete(waiter);
      }
    },
    async close() {
      await child.end('SIGKILL');
    },
  };
}
