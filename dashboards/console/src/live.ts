/** One WebSocket to the hub, shared by everything on the page that watches something. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { LiveMessage, LiveRequest, LiveTopic } from '../../../schemas/api/live.ts';
import { topicOf } from './live-topic.ts';

/** `off`: nobody is signed in. `reconnecting`: what is shown may be old. */
export type LiveState = 'off' | 'connecting' | 'open' | 'reconnecting';

export interface Watcher {
  /** Every message of the topic, in order. */
  message: (message: LiveMessage) => void;
  /**
   * Watches the topic from now on: immediately when the socket is open, and again after each reconnect.
   * What happened before is not reported, so this is the moment to (re)load what is shown.
   */
  watching: () => void;
}

const state = signal<LiveState>('off');
export const liveState: ReadonlySignal<LiveState> = state;
const lost = signal(0);
/** When the hub was lost last, Unix ms. */
export const lostMs: ReadonlySignal<number> = lost;

/** Waits between attempts, ms; half to the whole of it, so that the consoles do not all come back at the same time. */
const backoffMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000] as const;
/** The hub's close code for a login that is over. */
const signedOutCode = 4401;

const watchers = new Map<LiveTopic, Set<Watcher>>();
let socket: WebSocket | undefined;
let attempts = 0;
let retry: ReturnType<typeof setTimeout> | undefined;
let onSignedOut: () => void = () => {};
let stillHolds: () => Promise<boolean> = () => Promise.resolve(true);
let sendQueued = false;
let fresh: Watcher[] = [];
/** What the hub was last asked to report, on this socket. */
let sent = '';

/**
 * @param signedOut called when the hub ends the login
 * @param holds whether the login still holds; throws when the hub is not there
 */
export function startLive(signedOut: () => void, holds: () => Promise<boolean>): void {
  stopLive();
  onSignedOut = signedOut;
  stillHolds = holds;
  state.value = 'connecting';
  connect();
}

export function stopLive(): void {
  state.value = 'off';
  clearTimeout(retry);
  attempts = 0;
  const old = socket;
  socket = undefined;
  old?.close();
}

/**
 * Watches a topic: `fleet`, `hub`, `commands`, `incidents`, `device:ID`. All who watch the same share it.
 * @returns ends it
 */
export function watch(topic: LiveTopic, watcher: Watcher): () => void {
  const all = watchers.get(topic) ?? new Set();
  watchers.set(topic, all.add(watcher));
  fresh.push(watcher);
  queueSend();
  return () => {
    all.delete(watcher);
    fresh = fresh.filter((one) => one !== watcher);
    if (all.size > 0) return;
    watchers.delete(topic);
    queueSend();
  };
}

function connect(): void {
  const next = new WebSocket(
    `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`,
  );
  socket = next;
  next.addEventListener('open', () => {
    if (socket !== next) return;
    attempts = 0;
    state.value = 'open';
    sent = '';
    fresh = [...watchers.values()].flatMap((all) => [...all]);
    send();
  });
  next.addEventListener('message', ({ data }) => {
    if (socket === next && typeof data === 'string') dispatch(data);
  });
  next.addEventListener('close', ({ code }) => {
    if (socket !== next) return;
    socket = undefined;
    if (code === signedOutCode) onSignedOut();
    else reconnect();
  });
}

function reconnect(): void {
  if (state.value === 'open') lost.value = Date.now();
  state.value = 'reconnecting';
  const longest = backoffMs[Math.min(attempts, backoffMs.length - 1)] ?? 15_000;
  attempts += 1;
  retry = setTimeout(() => void comeBack(), longest * (0.5 + Math.random() / 2));
}

/** A refused upgrade tells a page nothing: whether the login still holds is asked first. */
async function comeBack(): Promise<void> {
  const before = retry;
  const holds = await stillHolds().catch(() => false);
  // The person signed out, or signed in again, while the answer was under way.
  if (retry !== before || state.value !== 'reconnecting') return;
  if (holds) connect();
  else reconnect();
}

/** Once for all that changes in the same turn: a page that goes and one that comes are one set. */
function queueSend(): void {
  if (sendQueued) return;
  sendQueued = true;
  queueMicrotask(() => {
    sendQueued = false;
    send();
  });
}

function send(): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const request: LiveRequest = { watch: [...watchers.keys()] };
  const wanted = JSON.stringify(request);
  if (wanted !== sent) socket.send(wanted);
  sent = wanted;
  const begun = fresh;
  fresh = [];
  for (const watcher of begun) watcher.watching();
}

function dispatch(text: string): void {
  const message = JSON.parse(text) as LiveMessage;
  const topic = topicOf(message);
  if (topic === undefined) return;
  for (const watcher of watchers.get(topic) ?? []) watcher.message(message);
}
