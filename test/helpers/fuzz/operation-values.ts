/** Values that mean something to the operators' API, so that a request gets beyond the first check. */

import { generateKeyPairSync } from 'node:crypto';
import { asked } from './fuzz-range.ts';
import type { Known } from './schema-values.ts';

const hourMs = 3_600_000;
/** What is to come must be to come whenever the fuzzing runs. */
const nowMs = Date.now();
const soonMs = [nowMs + hourMs, nowMs + 24 * hourMs];

const { publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const known: Known = {
  id: ['c-1', 'c-2', 'c-3'],
  ids: asked,
  device: asked,
  type: ['env-sensor@1', 'smart-valve@1'],
  site: ['default', 'hall-3'],
  stream: ['env'],
  command: ['c-1', 'c-2', 'c-3'],
  selector: ['id=asked-*', 'type=env-sensor', 'all', 'floor=2'],
  to: ['all', 'id=asked-*', 'id=asked-1', 'floor=2'],
  label: ['floor=2'],
  set: [{ floor: '2' }, { floor: '3', hall: 'a' }],
  remove: ['floor', 'hall'],
  name: ['set-interval', 'identify'],
  group: ['one'],
  params: [{ seconds: 5 }, { seconds: 60 }, {}],
  'action.name': ['set-interval'],
  'action.params': [{ seconds: 5 }],
  jitterMs: [0, 1_000],
  wave: [1, 2],
  maxFailures: [0, 1],
  publicKey: [publicKey],
  count: [5],
  limit: [1, 100],
  points: [1, 500],
  uses: [1, 50],
  idPrefix: ['hall-'],
  data: [{ text: 'back at six' }],
  ttlMs: [1_000, 60_000],
  wait: ['1ms', '0s'],
  cron: ['0 4 * * *', '0 0 29 2 *'],
  zone: ['Europe/Berlin', 'UTC'],
  timeZone: ['Europe/Berlin', 'UTC'],
  topic: ['maintenance', 'news'],
  atMs: soonMs,
  notAfterMs: soonMs,
  notBeforeMs: [nowMs - hourMs],
  fromMs: [0, nowMs - hourMs],
  untilMs: soonMs,
  source: ['offline', 'limit.env.temperature.high'],
  toMs: [nowMs, nowMs + hourMs],
  fields: ['temperature', 'temperature,humidity'],
  devices: ['*', 'id=asked-1', 'site=default'],
  password: ['correct horse battery'],
};

/** By the resource that the path begins with. */
const ofResource: Readonly<Record<string, Known>> = {
  devices: { id: [...asked, ...asked, 'new-1', 'new-2'], ids: newIds() },
  enrolments: { id: ['latest-enrolment'] },
  'device-types': { id: ['env-sensor@1', 'smart-valve@1'] },
  'group-commands': { id: ['g-1', 'g-2'] },
  'dead-letters': { id: ['1', '2'], ids: [1, 2] },
  operators: { name: ['anna', 'ci'] },
  schedules: { name: ['one', 'two', 'three'] },
  groups: { name: ['one', 'two'] },
};

/** By the operation. */
const ofOperation: Readonly<Record<string, Known>> = {
  sendCommand: { command: ['set-interval', 'identify', 'reboot'] },
  revokeCredential: { id: ['latest-device'], credential: ['latest-credential'] },
};

/** So many that some are free. */
function newIds(): string[] {
  return Array.from({ length: 400 }, (_, n) => `new-${n + 1}`);
}

/** What is known in the path and the query of this operation. @param path such as `/api/v1/devices/{id}` */
export function knownOf({ id, path }: { id: string; path: string }): Known {
  const [, , , resource = ''] = path.split('/');
  return { ...known, ...own(ofResource, resource), ...own(ofOperation, id) };
}

/** In a body, an `id` is that of a new command, whatever the path begins with. */
export function knownInBody(operation: { id: string; path: string }): Known {
  const groupCommand = operation.id === 'sendGroupCommand';
  return { ...knownOf(operation), id: (groupCommand ? ['g-1', 'g-2'] : known['id']) ?? [] };
}

function own(all: Readonly<Record<string, Known>>, name: string): Known {
  return Object.hasOwn(all, name) ? (all[name] ?? {}) : {};
}
