/** Requests of balancers and monitoring, without a login, and the description of the API itself. */

import { Type, type Static } from 'typebox';
import { resource } from './operation.ts';
import { choice, list, mapOf, named } from './values.ts';

const Liveness = named(
  'Liveness',
  Type.Object({ live: Type.Literal(true, { description: 'the process answers' }) }),
  { live: true },
);

export const Readiness = named(
  'Readiness',
  Type.Object({
    ready: Type.Boolean({ description: 'false: devices are not served, so a balancer sends nothing here' }),
    state: choice(['ready', 'degraded', 'not-ready'], 'degraded: devices are served, and a part is down'),
    degraded: list(Type.String(), { description: 'names of the parts that are down' }),
    parts: mapOf(
      Type.Object({
        ok: Type.Boolean(),
        reason: Type.Optional(Type.String({ description: 'why it is down' })),
      }),
      { description: 'each part, such as store or bus' },
    ),
  }),
  {
    ready: true,
    state: 'degraded',
    degraded: ['store'],
    parts: {
      devices: { ok: true },
      store: { ok: false, reason: 'connect ECONNREFUSED 127.0.0.1:8086' },
      clock: { ok: true },
      spool: { ok: true },
      disk: { ok: true },
      bus: { ok: true },
    },
  },
);
/** Whether devices are served, and which parts are down. */
export type Readiness = Static<typeof Readiness>;

const MetricsPage = Type.String({
  description: 'Prometheus text format 0.0.4',
  examples: ['# HELP hub_devices Devices that are registered\n# TYPE hub_devices gauge\nhub_devices 42\n'],
});

const Document = named(
  'OpenApiDocument',
  mapOf(Type.Unknown(), { description: 'see the OpenAPI Specification, 3.1' }),
  { openapi: '3.1.0', info: { title: 'Device hub', version: '0.1.0' }, paths: {} },
);

const Messages = named(
  'AsyncApiDocument',
  mapOf(Type.Unknown(), { description: 'see the AsyncAPI Specification, 3.1' }),
  { asyncapi: '3.1.0', info: { title: 'Device hub', version: '0.1.0' }, channels: {} },
);

export const healthApi = resource('health', {
  showLiveness: {
    method: 'GET',
    path: '/livez',
    summary: 'Whether the process answers',
    needs: 'nobody',
    answers: { 200: Liveness },
  },
  showReadiness: {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether devices are served, and which parts are down',
    needs: 'nobody',
    answers: { 200: Readiness, 503: Readiness },
    meanings: { 200: 'Devices are served.', 503: 'Devices are not served: the hub is stopping.' },
  },
  showMetrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics of the hub for Prometheus',
    needs: 'nobody',
    answers: { 200: MetricsPage },
    media: 'text/plain',
  },
  showApi: {
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This document',
    answers: { 200: Document },
  },
  showMessages: {
    method: 'GET',
    path: '/api/v1/asyncapi.json',
    summary: 'The AsyncAPI 3 document of the device protocol and the MQTT topics',
    answers: { 200: Messages },
  },
});
