/**
 * A small device with one fault, for the checks that must find it: `node faulty-device.ts FAULT`. With `none` it is
 * right. It shares no code with the SDK.
 */

import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { WebSocket, type ClientOptions } from 'ws';
import { FaultyFirmware } from './faulty-firmware.ts';
import { FaultyTwin, type KeptTwin } from './faulty-twin.ts';

const [, , fault = 'none'] = process.argv;
const has = (name: string): boolean => fault === name;

const {
  HUB_URL = '',
  HUB_DEVICE_ID = '',
  HUB_DEVICE_SECRET = '',
  HUB_DEVICE_TYPE = '',
  HUB_CA = '',
} = process.env;
const flash = join(process.env['HUB_DEVICE_STATE'] ?? '.', 'flash.json');

interface Reading {
  up: number;
  boot: string;
}

interface Frame {
  type: string;
  [field: string]: unknown;
}

interface Result extends Frame {
  re: string;
  status: string;
}

interface Kept {
  secret: string;
  next?: string;
  readings: Reading[];
  results: Result[];
  twin: KeptTwin;
}

function load(): Kept {
  try {
    return JSON.parse(readFileSync(flash, 'utf8')) as Kept;
  } catch {
    // Its first start.
    return { secret: HUB_DEVICE_SECRET, readings: [], results: [], twin: { state: {} } };
  }
}

const kept = load();
if (has('readings-in-memory')) kept.readings = [];
if (has('persists-nothing')) kept.results = [];
const boot = has('same-boot') ? 'b-1' : randomUUID();
const startedMs = performance.now();
const uptime = (): number => performance.now() - startedMs;
/** Whole or not at all: the power may go at any time. */
const save = (): void => {
  writeFileSync(`${flash}.new`, JSON.stringify(kept));
  renameSync(`${flash}.new`, flash);
};

const twin = new FaultyTwin({ has, send, kept: kept.twin, save });
const firmware = new FaultyFirmware(
  { has, send },
  {
    url: HUB_URL,
    authorization: `Basic ${Buffer.from(`${HUB_DEVICE_ID}:${HUB_DEVICE_SECRET}`).toString('base64')}`,
    ca: HUB_URL.startsWith('wss:') ? readFileSync(HUB_CA) : undefined,
  },
);

const acked = new Set<string>();
const refused = new Map<string, string>();
let tryingOld = false;

let tlsSession: Buffer | undefined;
let ws: WebSocket | undefined;
let isOpen = false;
let seq = 0;
let limits = { inFlight: 1, samples: 500 };
let heartbeatSec = 30;
let silenceMs = 45_000;
let heardMs = 0;
let offsetMs = 0;
let holdUntilMs = 0;
let slotAtMs: number | undefined;
let drained = false;
let capMs = 1_000;
let backoffMaxMs = 60_000;
let skipNext = false;
const inFlight = new Map<number, Reading[]>();
const waiting = (): Reading[] => {
  const sent = new Set([...inFlight.values()].flat());
  return kept.readings.filter((reading) => !sent.has(reading));
};

function send(frame: Frame): void {
  if (ws?.readyState === WebSocket.OPEN) ws.send(JSON.stringify(frame));
}

function measure(): void {
  kept.readings.push({ up: uptime(), boot });
  save();
  pump();
}

function timeOf({ up, boot: from }: Reading): { ts: number } | { up: number } {
  return has('own-clock') && from === boot ? { ts: Math.round(Date.now() - uptime() + up) } : { up };
}

function pump(): void {
  if (!isOpen || (drained && !has('ignores-drain'))) return;
  for (;;) {
    const room = inFlight.size < limits.inFlight || has('no-window');
    const [first] = waiting();
    if (first === undefined || !room || uptime() < holdUntilMs) return;
    const batch = waiting()
      .filter(({ boot: from }) => from === first.boot)
      .slice(0, 20);
    seq += 1;
    inFlight.set(seq, batch);
    const data = has('wrong-data') ? { temperature: 'warm' } : { temperature: 21.5 };
    const of = first.boot === boot ? {} : { boot: first.boot };
    const samples = batch.map((reading) => ({ ...timeOf(reading), data }));
    const content = samples.length === 1 ? samples[0] : { samples };
    send({ type: 'telemetry', seq, stream: 'env', ...content, ...of });
  }
}

function settle(readings: readonly Reading[]): void {
  const gone = new Set(readings);
  if (!has('sends-acked-again')) kept.readings = kept.readings.filter((reading) => !gone.has(reading));
  save();
}

function ack(upTo: number): void {
  for (const [number, readings] of inFlight) {
    if (number > upTo) break;
    inFlight.delete(number);
    settle(readings);
  }
  pump();
}

function nack({ seq: number, retry, retryAfterMs = 1_000, rejectedSamples }: Frame): void {
  const readings = inFlight.get(Number(number)) ?? [];
  const indexes = rejectedSamples as number[] | undefined;
  const bad = readings.filter((_, index) => indexes?.includes(index) ?? true);
  if (retry === true) {
    const wait = has('retries-at-once') || has('sends-after-rate') ? 0 : Number(retryAfterMs);
    holdUntilMs = uptime() + wait;
    setTimeout(pump, wait + 1);
    const again = has('retries-whole-batch') ? readings : bad;
    settleOthers(Number(number), readings, again);
  } else if (has('retries-for-good')) inFlight.delete(Number(number));
  else {
    inFlight.delete(Number(number));
    settle(bad);
  }
  pump();
}

/** What was not refused stays in flight until its ack. */
function settleOthers(number: number, readings: readonly Reading[], again: readonly Reading[]): void {
  inFlight.set(
    number,
    readings.filter((reading) => !again.includes(reading)),
  );
}

const remembered = (id: string): Result | undefined => kept.results.find(({ re }) => re === id);

function finish(re: string, status: string): void {
  const result = { type: 'result', re, status };
  kept.results = [...kept.results.filter((known) => known.re !== re), result];
  save();
  send(result);
}

function command({ id, name, deadline, ttlMs }: Frame): void {
  const re = String(id);
  const known = remembered(re);
  if (known !== undefined && !has('runs-again')) return send(known);
  const why = refused.get(re);
  if (why === 'unknown') return finish(re, 'rejected');
  if (why === 'cancelled') return finish(re, 'cancelled');
  send({ type: 'received', re });
  const now = has('own-clock') ? Date.now() : uptime() + offsetMs;
  if (String(name).startsWith('no-such') && !has('runs-anything')) return finish(re, 'rejected');
  if ((now > Number(deadline) || Number(ttlMs) <= 0) && !has('runs-late')) return finish(re, 'expired');
  return finish(re, 'succeeded');
}

function cancel({ re }: Frame): void {
  if (remembered(String(re)) === undefined && !has('forgets-cancel')) refused.set(String(re), 'cancelled');
}

function recall({ ids }: Frame): void {
  for (const id of ids as string[]) {
    const known = remembered(id);
    if (known === undefined && !has('forgets-unknown')) refused.set(id, 'unknown');
    send(known ?? { type: 'result', re: id, status: 'unknown' });
  }
}

function welcomed(frame: Frame): void {
  isOpen = true;
  ({ heartbeatSec, backoffMaxMs, limits } = frame as Frame & {
    heartbeatSec: number;
    backoffMaxMs: number;
    limits: typeof limits;
  });
  silenceMs = (heartbeatSec + Number(frame['graceSec'])) * 1_000;
  offsetMs = Number(frame['now']) - Number(frame['t1']);
  if (!has('backoff-goes-on')) capMs = 1_000;
  if (kept.next !== undefined && !tryingOld) {
    kept.secret = kept.next;
    delete kept.next;
    save();
  }
  if (!has('result-once')) for (const result of kept.results) if (!acked.has(result.re)) send(result);
  twin.welcomed(frame['desired']);
  firmware.welcomed(frame['update']);
  pump();
}

function named(re: string): void {
  acked.add(re);
  twin.acked(re);
  firmware.acked(re);
}

const handlers: Readonly<Record<string, (frame: Frame) => void>> = {
  welcome: welcomed,
  ack: (frame) => {
    if (typeof frame['re'] === 'string') named(frame['re']);
    else ack(Number(frame['upTo']));
  },
  nack: (frame) => (typeof frame['re'] === 'string' ? twin.nacked(frame) : nack(frame)),
  desired: (frame) => twin.desired(frame as unknown as Parameters<FaultyTwin['desired']>[0]),
  update: ({ type: _type, cancelled, ...update }) =>
    firmware.wanted(
      cancelled === true ? undefined : (update as unknown as Parameters<FaultyFirmware['wanted']>[0]),
    ),
  command,
  cancel,
  recall,
  heartbeat: () => undefined,
  notice: () => undefined,
  credential({ secret }) {
    if (has('ignores-secret')) return;
    if (has('no-way-back')) kept.secret = String(secret);
    else kept.next = String(secret);
    tryingOld = false;
    save();
    ws?.terminate();
  },
  drain({ reconnectAfterMs }) {
    drained = true;
    slotAtMs = performance.now() + Number(reconnectAfterMs);
  },
};

function heard(text: string): void {
  heardMs = performance.now();
  if (skipNext) {
    skipNext = false;
    return;
  }
  const frame = JSON.parse(text) as Frame;
  const handle = handlers[frame.type];
  if (handle !== undefined) handle(frame);
  else if (has('closes-at-unknown-frames')) ws?.close(1002);
}

function greet(): void {
  heardMs = performance.now();
  if (has('heartbeat-before-hello')) send({ type: 'heartbeat', t1: uptime() });
  const rev = twin.rev === undefined ? {} : { desiredRev: twin.rev };
  send({ type: 'hello', boot, deviceType: HUB_DEVICE_TYPE, t1: uptime(), persistsCommands: true, ...rev });
}

/** When to come again, ms; undefined: never. */
function waitAfter(status: number | undefined, code: number, hintMs: number | undefined): number | undefined {
  const limit = Math.min(capMs, backoffMaxMs);
  capMs = Math.min(capMs * 2, backoffMaxMs);
  const draw = has('backoff-goes-on') ? limit : has('no-jitter') ? limit / 2 : Math.random() * limit;
  if (has('hammers')) return 300;
  if (status === 401 && kept.next !== undefined) return draw;
  if (status !== undefined && status !== 429 && status < 500) return 900_000;
  if ([4400, 4401, 4403, 4409, 4429].includes(code)) return 900_000;
  if (has('gives-up') && code !== 1006) return undefined;
  if (slotAtMs !== undefined && !has('ignores-drain')) return Math.max(0, slotAtMs - performance.now());
  return draw + (has('ignores-hints') ? 0 : (hintMs ?? 0));
}

function ended(status: number | undefined, code: number, hintMs: number | undefined): void {
  isOpen = false;
  ws = undefined;
  drained = false;
  if (has('forgets-in-flight')) for (const readings of inFlight.values()) settle(readings);
  inFlight.clear();
  holdUntilMs = 0;
  if (!has('seq-goes-on')) seq = 0;
  if (status === 401 && kept.next !== undefined) tryingOld = !tryingOld;
  const waitMs = waitAfter(status, code, hintMs);
  slotAtMs = undefined;
  if (waitMs !== undefined) setTimeout(connect, waitMs);
}

function hintOf(reason: string): number | undefined {
  try {
    return (JSON.parse(reason) as { retryAfterMs?: number }).retryAfterMs;
  } catch {
    return undefined;
  }
}

/** By TLS it trusts the CA that it is given, and resumes its last session. */
function tlsOptions(): ClientOptions {
  if (!HUB_URL.startsWith('wss:') || has('no-tls')) return {};
  const createConnection = (given: ConnectionOptions) => {
    const { path: _path, ...options } = given;
    const session = has('full-handshakes') ? undefined : tlsSession;
    const socket = connectTls({ ...options, session });
    socket.on('session', (fresh) => (tlsSession = fresh));
    return socket;
  };
  return {
    ca: readFileSync(HUB_CA),
    rejectUnauthorized: !has('trusts-anyone'),
    ...(has('ignores-names') ? { checkServerIdentity: () => undefined as never } : {}),
    createConnection: createConnection as NonNullable<ClientOptions['createConnection']>,
  };
}

function connect(): void {
  const secret = tryingOld ? kept.secret : (kept.next ?? kept.secret);
  const authorization = `Basic ${Buffer.from(`${HUB_DEVICE_ID}:${secret}`).toString('base64')}`;
  const plain = has('no-tls') ? HUB_URL.replace('wss:', 'ws:') : HUB_URL;
  const address = has('credential-in-address') ? `${plain}?secret=${secret}` : plain;
  const socket = new WebSocket(address, {
    headers: { authorization },
    autoPong: !has('no-pong'),
    perMessageDeflate: false,
    ...tlsOptions(),
    ...(has('small-buffer') ? { maxPayload: 4_096 } : {}),
  });
  ws = socket;
  let over = false;
  const end = (status: number | undefined, code: number, hintMs?: number): void => {
    if (over) return;
    over = true;
    ended(status, code, hintMs);
  };
  socket.on('open', greet);
  socket.on('ping', (data) => {
    heardMs = performance.now();
    skipNext = has('no-fragments') && data.toString() === 'between';
  });
  socket.on('message', (data) => heard((data as Buffer).toString()));
  socket.on('unexpected-response', (request, response) => {
    const after = response.headers['retry-after'];
    request.destroy();
    end(response.statusCode, 1006, after === undefined ? undefined : Number(after) * 1_000);
  });
  socket.on('error', () => end(undefined, 1006));
  socket.on('close', (code, reason) => end(undefined, code, hintOf(reason.toString())));
}

setInterval(measure, 400);
setInterval(() => {
  if (!isOpen) return;
  if (!has('waits-for-tcp') && performance.now() - heardMs > silenceMs) ws?.terminate();
}, 100);
let beatMs = 0;
setInterval(() => {
  const now = performance.now();
  if (!isOpen || has('no-heartbeats') || now - beatMs < heartbeatSec * 700) return;
  beatMs = now;
  send({ type: 'heartbeat', t1: uptime() });
}, 50);
connect();
