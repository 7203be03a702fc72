import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { DeviceRecord } from '../../registry/device-store.ts';
import type { Admittance } from '../../identity/authenticator.ts';
import type { Admitted } from '../../sessions/admission.ts';
import type { Principal } from '../../identity/principal.ts';
import { enrolPath } from './enrolment-requests.ts';
import { isOriginAllowed, readOffer } from './upgrade-offer.ts';
import { devicePath, maxHeaders, spoken } from './upgrade-server.ts';

/** A refusal before the upgrade: a plain HTTP answer with a JSON body that says what was wrong. */
export interface UpgradeRefusal {
  status: number;
  /** The hub's code for the refusal. */
  code: string;
  body: string;
  headers: Readonly<Record<string, string>>;
}

export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): UpgradeRefusal {
  return { status, code, body: `${JSON.stringify({ error: { code, message } })}\n`, headers };
}

/** The whole answer, as it goes over the socket of a refused upgrade. */
export function httpAnswer({ status, body, headers }: UpgradeRefusal): string {
  const lines = Object.entries({
    ...headers,
    // A sender of `Upgrade` lists it as a connection option (RFC 9110 §7.8).
    Connection: headers['Upgrade'] === undefined ? 'close' : 'close, Upgrade',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Refused for now, with the time to try again (RFC 9110 §10.2.3). @param retryAfterMs rounded up to seconds */
export function unavailable(code: string, message: string, retryAfterMs: number): UpgradeRefusal {
  return refusal(503, code, message, { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) });
}

/** An authenticated device that has to wait. */
export function turnedAway(admitted: Exclude<Admitted, { kind: 'admitted' }>): UpgradeRefusal {
  if (admitted.kind === 'turned-away')
    return unavailable('busy', 'too many devices connect at the same time', admitted.retryAfterMs);
  return tooMany('too-many-connects', 'this device connects too often', admitted.retryAfterMs / 1000);
}

/** RFC 6585 §4. */
function tooMany(code: string, message: string, retryAfterSec: number): UpgradeRefusal {
  return refusal(429, code, message, { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterSec))) });
}

/** A request that Node's parser refuses. @param code of its error */
export function parserRefusal(code: string | undefined): UpgradeRefusal {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const note = `at most 8 KB of header, in ${maxHeaders} lines`;
    return refusal(431, 'header-too-large', note);
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'too-slow', 'the request took too long');
  return refusal(400, 'bad-request', 'this is not HTTP');
}

/** A request that is not an upgrade (RFC 9110 §15.5.22). */
export function judgeRequest(request: IncomingMessage): UpgradeRefusal {
  const path = pathOf(request);
  if (path === enrolPath) return wrongMethod('POST');
  if (artifactIn(path) !== undefined) return wrongMethod('GET, HEAD');
  if (path !== devicePath) return refusal(404, 'not-found', `devices connect to ${devicePath}`);
  if (request.method !== 'GET') return wrongMethod('GET');
  return refusal(426, 'upgrade-required', 'this address speaks WebSocket only', { Upgrade: 'websocket' });
}

/** RFC 9110 §15.5.6. */
function wrongMethod(allowed: string): UpgradeRefusal {
  return refusal(405, 'method-not-allowed', `this path has ${allowed}`, { Allow: allowed });
}

function refused(...given: Parameters<typeof refusal>): { kind: 'refused'; refusal: UpgradeRefusal } {
  return { kind: 'refused', refusal: refusal(...given) };
}

type Judged =
  | { kind: 'device'; record: DeviceRecord; principal: Principal }
  | { kind: 'refused'; refusal: UpgradeRefusal };

/** The device that asks for the upgrade, or the refusal. */
export async function judgeUpgrade(
  request: IncomingMessage,
  allowedOrigins: readonly string[],
  authenticate: (authorization: string | undefined) => Promise<Admittance>,
): Promise<Judged> {
  const { headers } = request;
  if (pathOf(request) !== devicePath) return refused(404, 'not-found', `devices connect to ${devicePath}`);
  if (request.url?.includes('?') === true) {
    return refused(
      400,
      'bad-request',
      'the address takes no query: credentials go into the Authorization header',
    );
  }
  if (request.method !== 'GET') return { kind: 'refused', refusal: wrongMethod('GET') };
  // RFC 6455 §4.2.2: another version is answered with the list of supported ones.
  if (headers['sec-websocket-version'] !== '13') {
    const wanted = { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    return refused(426, 'bad-version', 'WebSocket version 13 only', wanted);
  }
  const offer = readOffer(headers);
  if (!isOriginAllowed(headers, offer, allowedOrigins)) {
    return refused(403, 'origin', 'connections from this origin are not allowed (HUB_ALLOWED_ORIGINS)');
  }
  if (!offer.speaksOurs) {
    return refused(
      400,
      'subprotocol',
      `offer one of these in Sec-WebSocket-Protocol, or none: ${spoken.join(', ')}`,
    );
  }
  const credentials = [headers.authorization ?? [], offer.pageAuthorizations].flat();
  if (credentials.length > 1) return refused(400, 'bad-request', 'the request has more than one credential');
  return judgedBy(await authenticate(credentials[0]));
}

/** The device that asks with this credential, or the refusal. */
export function judgedBy(authentication: Admittance): Judged {
  switch (authentication.kind) {
    case 'device':
      return authentication;
    case 'throttled':
      return {
        kind: 'refused',
        refusal: tooMany(
          'too-many-attempts',
          'the device id or its credential is wrong, as it was too often from this address or at this id',
          authentication.retryAfterSec,
        ),
      };
    case 'shut-out': {
      const { retryAfterSec } = authentication;
      return {
        kind: 'refused',
        refusal: tooMany('rate-abuse', 'this device sent far over its rate', retryAfterSec),
      };
    }
    case 'disabled':
      return refused(403, 'disabled', 'this device is disabled');
    case 'denied':
      // A 401 must have a challenge (RFC 9110 §15.5.2). With `Basic`, a browser would ask a person for a password and send
      // it from then on for whatever page asks.
      return refused(401, 'unauthorized', 'the device id or its credential is wrong', {
        'WWW-Authenticate': 'Bearer realm="devices"',
      });
  }
}

const artifactPath = /^\/v1\/artifacts\/([0-9a-f]{64})$/;

/** The SHA-256 in the path of a download; undefined: the path is of none. */
export function artifactIn(path: string): string | undefined {
  return artifactPath.exec(path)?.[1];
}

/** Also of an absolute-form target, which every server takes (RFC 9112 §3.2.2). */
export function pathOf({ url = '' }: IncomingMessage): string {
  const target = /^(?:https?|wss?):\/\/[^/?#]*(.*)$/i.exec(url)?.[1] ?? url;
  return target.split('?', 1)[0] ?? '';
}
