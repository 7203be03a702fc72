/** Identifies callers on the TCP listener (by token or console session), checks roles, and records changes in the audit. */

import type { AuditAction } from '../../audit/audit-action.ts';
import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { csrfHeader } from '../../../schemas/api/document/openapi.ts';
import type { Operator } from '../../../schemas/api/operators.ts';
import type { Role } from '../../../schemas/api/roles.ts';
import type { Origin } from '../../../schemas/api/requester.ts';
import type { Auditor } from '../../audit/audit.ts';
import type { ConsoleSessions } from '../../operators/console-sessions.ts';
import type { Operators } from '../../operators/operators.ts';
import type { ProviderSignIn } from '../../operators/provider-sign-in.ts';
import type { OtherHubsChanges } from '../../operators/other-hubs-changes.ts';
import type { OwnAccount } from '../../operators/own-account.ts';
import { areEqualSecrets } from '../../kernel/equal-secrets.ts';
import { HubError } from '../../kernel/errors.ts';
import { networkOf } from '../client-address.ts';
import { cookieOf } from './session-cookie.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of `/api/v1/` runs. */
    operator?: Operator;
    /** `cli` on the admin socket, `http` on the TCP listener; set with `operator`. */
    origin?: 'cli' | 'http' | 'mqtt';
    /** Whether a command may be sent to a device; not set where all may. */
    mayCommand?: (deviceId: string, command: string) => boolean;
    /** Whether the desired state of a device may be changed; not set where all may. */
    maySet?: (deviceId: string) => boolean;
    /** Whether the firmware of a device may be changed; not set where all may. */
    mayUpdate?: (deviceId: string) => boolean;
    /** Which devices an answer may be about; not set where it may be about all. */
    mayShow?: (deviceId: string) => boolean;
    /** Another hub has sent it here. */
    ofPeer?: true;
    /** Whether its login is still valid, with the same rights; not set on the admin socket. */
    stillHolds?: () => boolean;
  }
  interface FastifyContextConfig {
    /** The required role. The default is `viewer` to read and `admin` to change. `nobody`: no login is needed. */
    needs?: Role | 'nobody';
    /** A page may open it from another origin without asking (a WebSocket): the origin is checked. */
    checksOrigin?: true;
    /** Its name in the audit; without it: method and path. */
    audit?: AuditAction;
    /**
     * `all`: only for operators who reach all devices; the default for changes that are not about one device. `own`: the
     * handler itself keeps to the devices that the operator reaches.
     */
    reach?: 'all' | 'own';
    /** Its parameter `command` is the name of a command: the operator must be allowed that one. */
    sendsCommand?: boolean;
    /** It changes what a device should hold: the operator must be allowed that. */
    setsTwin?: boolean;
    /** Its body belongs to the entry of the audit: it is short, and has no secret. */
    auditsBody?: boolean;
    /** Its own code writes the audit of what signed-in operators ask. */
    auditsItself?: boolean;
  }
}

/** The rules, which live with the operators. */
export interface Access {
  operators: Pick<Operators, 'tokens' | 'byActor' | 'grantOf' | 'login' | 'firstLogin' | 'screenLogin'>;
  sessions: ConsoleSessions;
  /** Where other hubs sign in the same people. */
  otherHubs: Pick<OtherHubsChanges, 'seek'> | undefined;
  /** By an identity provider; not given: there is none. */
  provider?: ProviderSignIn;
  /** What people change of their own accounts. */
  own: OwnAccount;
  /** Who asks on the admin socket. */
  local: Operator;
  audit: Auditor;
  hasRole: (operator: Operator, needed: Role) => boolean;
  /** Whether the operator may do something with this device; `command`: send it that command. */
  mayTouch: (operator: Operator, deviceId: string, command?: string) => boolean;
  /** Whether the operator may change what this device should hold. */
  maySet: (operator: Operator, deviceId: string) => boolean;
  /** Whether the operator may change the firmware of this device. */
  mayUpdate: (operator: Operator, deviceId: string) => boolean;
  /** Exact origins of the console's pages. @param port of the listener */
  origins: (port: number) => readonly string[];
}

const changing = (request: FastifyRequest): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(request.method);

/** Requests of the admin socket: its file's mode is the login. */
export function trustLocal(app: FastifyInstance, { local, audit }: Access): void {
  app.addHook('onRequest', async (request) => {
    request.operator = local;
    request.origin = 'cli';
  });
  recordChanges(app, audit, 'cli');
}

/**
 * Every request below `/api/` proves who asks, before its body is read.
 * @param proved called with the connection of each request that proves who it is
 */
export function demandLogin(app: FastifyInstance, access: Access, proved: (socket: Socket) => void): void {
  app.addHook('onRequest', async (request) => {
    // The route that was found decides, never the request's own spelling: `/%61pi/…` leads to the same route.
    const { url: route = '' } = request.routeOptions;
    if (!route.startsWith('/api/') || request.is404) return;
    const { needs } = request.routeOptions.config;
    if (needs === 'nobody') {
      if (changing(request)) checkOrigin(request, access);
      return;
    }
    let asks = whoAsks(request, access);
    if (asks() === undefined && showsCredential(request)) {
      await access.otherHubs?.seek();
      asks = whoAsks(request, access);
    }
    const operator = asks();
    if (operator === undefined) {
      throw new HubError('unauthorized', 'sign in, or send a token: Authorization: Bearer …');
    }
    proved(request.socket);
    request.origin = 'http';
    request.stillHolds = () => isDeepStrictEqual(asks(), operator);
    grant(request, access, operator);
  });
  recordChanges(app, access.audit, 'http');
}

/** Lets the operator do what its role and its devices allow. @throws HubError `forbidden` */
export function grant(request: FastifyRequest, access: Access, operator: Operator): void {
  const { url: route = '' } = request.routeOptions;
  const ofDevice = route.startsWith('/api/v1/devices/:id');
  const {
    needs = changing(request) ? 'admin' : 'viewer',
    reach = changing(request) && !ofDevice ? 'all' : 'own',
    sendsCommand = false,
    setsTwin = false,
  } = request.routeOptions.config;
  request.operator = operator;
  const reachesAll = operator.devices === '*';
  if (!reachesAll) request.mayShow = (deviceId) => access.mayTouch(operator, deviceId);
  request.maySet = (deviceId) => access.maySet(operator, deviceId);
  request.mayUpdate = (deviceId) => access.mayUpdate(operator, deviceId);
  request.mayCommand = (deviceId, name) => access.mayTouch(operator, deviceId, name);
  const { id, command } = request.params as { id?: string; command?: string };
  const allowed =
    (needs === 'nobody' || access.hasRole(operator, needs)) &&
    (reach !== 'all' || reachesAll) &&
    (!ofDevice || id === undefined || access.mayTouch(operator, id, sendsCommand ? command : undefined)) &&
    (!setsTwin || id === undefined || access.maySet(operator, id));
  if (allowed) return;
  access.audit.refused(operator.actor, {
    actor: operator.actor,
    origin: request.origin ?? 'http',
    action: actionOf(request),
    subject: subjectOf(request),
  });
  throw new HubError('forbidden', `${operator.actor} does not have the rights for this`);
}

function showsCredential(request: FastifyRequest): boolean {
  return request.headers.authorization !== undefined || cookieOf(request) !== '';
}

/** @returns who it is now, undefined for nobody: to be asked again for as long as the request lasts */
function whoAsks(request: FastifyRequest, access: Access): () => Operator | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return () => access.operators.tokens.byToken(bearer);
  const cookie = cookieOf(request);
  const session = access.sessions.find(cookie);
  if (session === undefined) return () => undefined;
  if (request.routeOptions.config.checksOrigin === true) checkOrigin(request, access);
  if (changing(request)) {
    checkOrigin(request, access);
    const given = request.headers[csrfHeader];
    if (typeof given !== 'string' || !areEqualSecrets(session.csrf, given)) {
      throw new HubError('forbidden', 'the X-CSRF-Token header must contain the token of the login');
    }
  }
  return () => (access.sessions.lives(cookie) ? access.operators.byActor(session.actor) : undefined);
}

/** A browser names the page that asks (RFC 6454 §7). It must be exactly one of ours. */
function checkOrigin(request: FastifyRequest, access: Access): void {
  const { origin } = request.headers;
  const browser = cookieOf(request) !== '' || request.headers['sec-fetch-site'] !== undefined;
  if (origin === undefined ? !browser : access.origins(request.socket.localPort ?? 0).includes(origin))
    return;
  throw new HubError('forbidden', `requests from the origin ${origin ?? '(none)'} are not accepted`);
}

/** Every change is in the audit: who, what, how it ended. */
export function recordChanges(app: FastifyInstance, audit: Auditor, own: Origin): void {
  app.addHook('onResponse', async (request, reply) => {
    if (!changing(request) || request.is404 || request.answeredElsewhere === true) return;
    const { statusCode } = reply;
    const { operator, origin = own } = request;
    const { auditsItself = false, auditsBody = false, needs } = request.routeOptions.config;
    if (auditsItself && (operator !== undefined || needs === 'nobody')) return;
    // Without an operator, the request of a stranger was refused. Only a limited number of these are recorded.
    const event = { origin, action: actionOf(request), subject: subjectOf(request) };
    if (operator === undefined) {
      audit.refused(addressOf(request), { ...event, actor: `address:${addressOf(request)}` });
      return;
    }
    // A preview changed nothing, and must not be read as if it had.
    if (statusCode < 400 && isDryRun(request.body)) return;
    const outcome = statusCode < 400 ? 'done' : statusCode < 500 ? 'refused' : 'failed';
    const asked = auditsBody && outcome === 'done' ? (request.body as object) : {};
    const details = { status: statusCode, ...asked };
    await audit.record({ ...event, actor: operator.actor, outcome, details });
  });
}

function isDryRun(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'dryRun' in body && body.dryRun === true;
}

function actionOf({ method, routeOptions }: FastifyRequest): AuditAction {
  return routeOptions.config.audit ?? `${method} ${routeOptions.url ?? ''}`;
}

/** What the path names, or the body: a device, an account, a list of devices. */
function subjectOf({ params, body }: FastifyRequest): string {
  const named = Object.values((params ?? {}) as Record<string, string>);
  if (named.length > 0) return named.join('/');
  if (typeof body !== 'object' || body === null) return '';
  const { ids, name: given, id } = body as Record<string, unknown>;
  if (Array.isArray(ids)) return ids.length === 1 ? String(ids[0]) : `${String(ids[0])} … (${ids.length})`;
  return typeof given === 'string' ? given : typeof id === 'string' ? id : '';
}

function addressOf(request: FastifyRequest): string {
  return networkOf(request.ip);
}
