/** What all servers of the operators' API have in common. */

import helmet from '@fastify/helmet';
import { fastify, type FastifyInstance, type FastifyRequest, type FastifyServerFactory } from 'fastify';
import { cutText } from '../../../schemas/cut-text.ts';
import { faultText } from '../../../schemas/field-error.ts';
import { readJson } from '../../../schemas/json-text.ts';
import { HubError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { countRequests } from '../asks-for-websocket.ts';
import { bodyTimeoutMs, limitBodies, longestUploadMs } from './body-times.ts';
import { answerFaults, refuseConnection, refuseHandshake, refuseRequest } from './error-answers.ts';
import { validateRequests } from './request-validation.ts';
import { asksForLive, takeUpgrades } from './routes/live-routes.ts';

/** Longer parts of a path are refused before a route is looked for. */
const maxParamChars = 1_024;

/** The browser runs, shows and requests only files of this server, nothing inline, and nobody may frame the page. */
const policy = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  fontSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
};

/**
 * What the console may connect to beside its own server: the device listener on the same host, as a page that plays a device does.
 * @param host of the request
 */
function deviceSources(deviceUrl: string | undefined, host = ''): string {
  if (deviceUrl === undefined || !URL.canParse(`http://${host}`)) return '';
  const { hostname } = new URL(`http://${host}`);
  const { port } = new URL(deviceUrl);
  // A proxy before it may add TLS.
  return /^[\w.:[\]-]+$/.test(hostname) ? `ws://${hostname}:${port} wss://${hostname}:${port}` : '';
}

export interface AdminAppDeps {
  log: Log;
  /** Where devices connect: the playground of the console is one. */
  deviceUrl?: string | undefined;
  /** Whose `X-Forwarded-For` is believed. */
  trustProxy?: (address: string) => boolean;
  /** Not given: over plain HTTP. */
  makeServer?: FastifyServerFactory;
}

/** A server of the operators' API without its routes: how requests are read, judged, and refused. */
export async function adminApp({
  log,
  deviceUrl,
  trustProxy,
  makeServer,
}: AdminAppDeps): Promise<FastifyInstance> {
  const app = fastify({
    ...(trustProxy === undefined ? {} : { trustProxy }),
    ...(makeServer === undefined ? {} : { serverFactory: makeServer }),
    // Node's own refusal of a missing Host has no body: `refuseUnknownHosts` gives the reason.
    http: { shouldUpgradeCallback: asksForLive, requireHostHeader: false, headersTimeout: bodyTimeoutMs },
    logger: false,
    bodyLimit: 1_048_576,
    // Bodies have times of their own.
    requestTimeout: longestUploadMs,
    keepAliveTimeout: 5_000,
    // What is too long for an id is for the operation's own schema to say.
    routerOptions: { maxParamLength: maxParamChars },
    frameworkErrors: refuseRequest,
    clientErrorHandler: refuseConnection,
  });
  countRequests(app.server);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        ...policy,
        connectSrc: ["'self'", ({ headers }) => deviceSources(deviceUrl, headers.host)],
      },
    },
    // This listener speaks plain HTTP (RFC 6797 §7.2); a proxy before it speaks for its own name, and no other's.
    strictTransportSecurity: false,
  });
  await takeUpgrades(app, refuseHandshake);
  answerFaults(app, log);
  validateRequests(app);
  readBodies(app);
  limitBodies(app);
  return app;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bodies are JSON in UTF-8 and nothing else. `__proto__` is a name like any other, and Fastify's own reading would refuse it. */
function readBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addHook('preParsing', (request, _reply, body, done) => done(codingFault(request) ?? null, body));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const text = textOf(Buffer.from(body));
    const fault =
      text === undefined ? new HubError('input-invalid', 'the body must be UTF-8') : bodyFault(text);
    if (fault !== undefined) done(fault);
    else void parse(request, text ?? '', done);
  });
}

/** A compressed body, or one in another character set, is refused for that (RFC 9110 §15.5.16), not as broken JSON. */
function codingFault({ headers }: FastifyRequest): HubError | undefined {
  const { 'content-encoding': coding = 'identity', 'content-type': type = '' } = headers;
  if (coding !== 'identity')
    return new HubError(
      'content-type-unsupported',
      `content-encoding ${cutText(coding, 64)}; send it as it is`,
    );
  const charset = /;\s*charset="?(?<name>[^\s;"]*)/i.exec(type)?.groups?.['name'] ?? 'utf-8';
  if (/^utf-?8$/i.test(charset) || /^us-ascii$/i.test(charset)) return undefined;
  return new HubError(
    'content-type-unsupported',
    `charset ${cutText(charset, 64)}; JSON is UTF-8 (RFC 8259 §8.1)`,
  );
}

function textOf(body: Buffer): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

/** Undefined for no body too: that is for the route to say. */
function bodyFault(text: string): HubError | undefined {
  if (text === '') return undefined;
  const json = readJson(text);
  const errors = json.kind === 'read' ? (json.faults ?? []) : [json.fault];
  const [first] = errors;
  if (first === undefined) return undefined;
  return new HubError('input-invalid', faultText({ ...first, path: `body${first.path}` }), {
    details: { errors },
  });
}
