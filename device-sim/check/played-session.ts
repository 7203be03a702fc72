import { cutText } from '../../schemas/cut-text.ts';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { DeviceFrame, EventFrame, HubFrame, TelemetryFrame, WelcomeFrame } from '../../schemas/index.ts';
import { CheckFault, demand, pause, within } from './check.ts';
import type { FrameJudge } from './frame-judge.ts';

export type DataFrame = TelemetryFrame | EventFrame;
type Of<Type extends DeviceFrame['type']> = Extract<DeviceFrame, { type: Type }>;

/** A frame of the device, and the time when it came, monotonic ms. */
export interface Heard {
  frame: DeviceFrame;
  atMs: number;
}

export interface SessionLog {
  /** Records a frame of either direction for the report of a failure. */
  note(direction: '→' | '←' | '×', text: string): void;
  /** The device sent something that the protocol forbids. */
  unlawful(fault: string): void;
}

/** Short timers, so that a check takes only seconds. */
const shortTimers = {
  epoch: 1,
  heartbeatSec: 1,
  graceSec: 0.5,
  ackDelayMs: 100,
  backoffMaxMs: 250,
  limits: { frameBytes: 65_536, samples: 500, inFlight: 8, messagesPerSec: 100, burst: 100 },
} as const;

/** The hub's end of one connection. Unless a check turns it off, it acks and answers heartbeats by itself. */
export class PlayedSession {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly heard: Heard[] = [];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  readonly #log: SessionLog;
  readonly #now: () => number;
  readonly #waiters = new Set<() => void>();
  #isOpen = true;
  #isWelcomed = false;
  /** The seq of the last data frame before the welcome. */
  #earlySeq = 0;
  /** Whether heartbeats are answered. */
  answers = true;
  /** Whether data frames are acked as they come. */
  acks = true;
  /** Selects the words about an update that are acked as they come. */
  acksWord: (word: Of<'update-status'>) => boolean = () => true;
  /** Selects the reports of the twin that are acked as they come. */
  acksReport: (report: Of<'reported'>) => boolean = () => true;

  /** @param now the hub's clock, Unix ms */
  constructor(
    socket: WebSocket,
    request: IncomingMessage,
    judge: FrameJudge,
    log: SessionLog,
    now: () => number,
  ) {
    this.socket = socket;
    this.request = request;
    this.#log = log;
    this.#now = now;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => {
        log.note('×', `closed ${code}`);
        this.#isOpen = false;
        this.#wake();
        resolve(code);
      });
    });
    // Many checks break the link on purpose; `close` follows.
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => {
      if (isBinary || !Buffer.isBuffer(data)) return log.unlawful('a binary frame');
      const text = data.toString('utf8');
      log.note('→', text);
      const judged = judge.judge(text);
      if (judged.kind === 'unlawful') return log.unlawful(judged.fault);
      this.#take(judged.frame);
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(frame: HubFrame | Record<string, unknown>): void {
    const text = JSON.stringify(frame);
    this.#log.note('←', cutText(text, 500));
    this.socket.send(text);
  }

  /** Sends the frame in three fragments, with a ping between them (RFC 6455 §5.4). */
  sendInFragments(frame: HubFrame): void {
    const text = JSON.stringify(frame);
    this.#log.note('←', `${text} in three fragments`);
    const third = Math.ceil(text.length / 3);
    this.socket.send(text.slice(0, third), { fin: false });
    this.socket.ping('between');
    this.socket.send(text.slice(third, 2 * third), { fin: false });
    this.socket.send(text.slice(2 * third), { fin: true });
  }

  /** Reads the hello and sends the welcome. */
  async welcome(overrides: Partial<WelcomeFrame> = {}): Promise<Of<'hello'>> {
    const hello = await this.next('hello');
    this.send({ type: 'welcome', t1: hello.t1, now: this.#now(), ...shortTimers, ...overrides });
    this.#isWelcomed = true;
    if (this.#earlySeq > 0 && this.acks) this.ack(this.#earlySeq);
    return hello;
  }

  close(code: number, reason: Record<string, unknown>): void {
    this.#log.note('←', `close ${code} ${JSON.stringify(reason)}`);
    this.socket.close(code, JSON.stringify(reason));
  }

  /** Cuts the link without a close frame. */
  cut(): void {
    this.#log.note('←', 'the link is cut');
    this.socket.terminate();
  }

  /** The first frame of this type, from index `from` on, that `wanted` accepts. @throws CheckFault */
  async next<Type extends DeviceFrame['type']>(
    type: Type,
    { wanted = () => true, from = 0, ms = 10_000 }: NextOptions<Type> = {},
  ): Promise<Of<Type>> {
    const isIt = (frame: DeviceFrame): frame is Of<Type> => frame.type === type && wanted(frame as Of<Type>);
    return within(
      ms,
      this.#when(() =>
        this.heard
          .slice(from)
          .map(({ frame }) => frame)
          .find(isIt),
      ),
      `the device sent no ${type}`,
    );
  }

  /** The result of a command. @throws CheckFault */
  result(id: string, from = 0): Promise<Of<'result'>> {
    return this.next('result', { wanted: ({ re }) => re === id, from });
  }

  /** Data frames so far. */
  get data(): DataFrame[] {
    return this.heard.flatMap(({ frame }) => (isData(frame) ? [frame] : []));
  }

  /** Waits until this many data frames have come. @throws CheckFault */
  async dataFrames(count: number, ms = 15_000): Promise<DataFrame[]> {
    const enough = (): DataFrame[] | undefined => (this.data.length >= count ? this.data : undefined);
    return within(
      ms,
      this.#when(enough),
      `${count} readings did not come (the device must measure on its own)`,
    );
  }

  /** Demands that no data frame comes for this long. @throws CheckFault */
  async noData(ms: number, otherwise: string): Promise<void> {
    const before = this.data.length;
    await pause(ms);
    demand(this.data.length === before, otherwise);
  }

  ack(upTo: number): void {
    this.send({ type: 'ack', upTo });
  }

  #take(frame: DeviceFrame): void {
    this.heard.push({ frame, atMs: performance.now() });
    if (frame.type === 'heartbeat' && this.answers) {
      const now = this.#now();
      this.send({ type: 'heartbeat', t1: frame.t1, t2: now, t3: now });
    }
    if (frame.type === 'update-status' && this.acksWord(frame)) this.send({ type: 'ack', re: frame.re });
    if (frame.type === 'reported' && this.acksReport(frame)) this.send({ type: 'ack', re: frame.id });
    // Data frames before the welcome are acked with it.
    if (isData(frame) && !this.#isWelcomed) this.#earlySeq = frame.seq;
    else if (isData(frame) && this.acks) this.ack(frame.seq);
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  /** Resolves when `look` finds something; rejects when the connection ends first. */
  #when<Found>(look: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const waiter = (): void => {
        const found = look();
        if (found === undefined && this.#isOpen) return;
        this.#waiters.delete(waiter);
        if (found === undefined) reject(new CheckFault('the device ended the connection'));
        else resolve(found);
      };
      this.#waiters.add(waiter);
      waiter();
    });
  }
}

interface NextOptions<Type extends DeviceFrame['type']> {
  wanted?: (frame: Of<Type>) => boolean;
  /** The number of frames to skip at the beginning. */
  from?: number;
  ms?: number;
}

function isData(frame: DeviceFrame): frame is DataFrame {
  return frame.type === 'telemetry' || frame.type === 'event';
}

/** A name for each reading of the frame, the same in every transmission. */
export function readingsOf(frame: DataFrame): string[] {
  if (frame.type === 'event') return [`${frame.name} ${frame.ts ?? frame.up ?? ''}`];
  return (frame.samples ?? [frame]).map(({ ts, up }) => `${frame.stream} ${ts ?? up ?? ''}`);
}
