/** Device types, as those who look at them see them. */

import { Type, type Static } from 'typebox';
import type { DeviceTypeDefinition } from '../device-type-definition.ts';
import { resource } from './operation.ts';
import { count, list, mapOf, named } from './values.ts';

export const TypeRow = named(
  'TypeRow',
  Type.Object({
    id: Type.String({ description: 'with version, such as env-sensor@1' }),
    devices: count('registered with it'),
    streams: list(Type.String()),
    commands: list(Type.String()),
  }),
  { id: 'env-sensor@1', devices: 12, streams: ['env'], commands: ['set-interval'] },
);
export type TypeRow = Static<typeof TypeRow>;

const definitions = (description: string) =>
  Type.Optional(mapOf(Type.Object({}, { additionalProperties: true }), { description }));

/** A device type as its file has it, with defaults filled in. Its own schema is `device-type.schema.json`. */
export const TypeDefinition = named(
  'TypeDefinition',
  Type.Unsafe<DeviceTypeDefinition & { id: string; presence: { graceSec: number; maxHeartbeatSec: number } }>(
    Type.Object({
      id: Type.String({ description: 'with version, such as env-sensor@1' }),
      $schema: Type.Optional(Type.String({ description: 'for editors of the file' })),
      name: Type.String(),
      version: Type.Integer({ minimum: 1 }),
      title: Type.Optional(Type.String()),
      description: Type.Optional(Type.String()),
      streams: definitions('JSON Schemas of the readings, by stream'),
      events: definitions('JSON Schemas of the events, by name'),
      commands: definitions(
        'params and output as JSON Schemas, offline, safety, ttlSec, idempotent, by name',
      ),
      firmware: Type.Optional(
        Type.Object({
          updates: Type.Boolean({ description: 'its devices take new firmware from the hub' }),
        }),
      ),
      logs: Type.Optional(Type.Boolean({ description: 'its devices may send lines of their log' })),
      twin: Type.Optional(
        Type.Object(
          {
            desired: Type.Object({}, { additionalProperties: true }),
            reported: Type.Object({}, { additionalProperties: true }),
          },
          { description: 'JSON Schemas of what devices should hold and of what they report' },
        ),
      ),
      presence: Type.Object({
        heartbeatSec: Type.Number({ description: 'a device sends something at least this often' }),
        graceSec: Type.Number({ description: 'further silence until the device counts as offline' }),
        maxHeartbeatSec: Type.Number({ description: 'the longest heartbeat a device may ask for' }),
      }),
    }),
  ),
  {
    id: 'env-sensor@1',
    name: 'env-sensor',
    version: 1,
    streams: {
      env: {
        type: 'object',
        properties: { temperature: { type: 'number', unit: 'Cel' } },
        additionalProperties: false,
      },
    },
    presence: { heartbeatSec: 30, graceSec: 15, maxHeartbeatSec: 120 },
  },
);
export type TypeDefinition = Static<typeof TypeDefinition>;

export const deviceTypeApi = resource('device types', {
  listDeviceTypes: {
    method: 'GET',
    path: '/api/v1/device-types',
    summary: 'The device types, and how many devices there are of each',
    answers: { 200: Type.Object({ types: list(TypeRow) }) },
  },
  showDeviceType: {
    method: 'GET',
    path: '/api/v1/device-types/{id}',
    summary: 'A device type as its file has it, with defaults filled in',
    params: Type.Object({
      id: Type.String({ minLength: 1, maxLength: 128, description: 'with version, such as env-sensor@1' }),
    }),
    answers: { 200: TypeDefinition },
    refusals: ['type-unknown'],
  },
});
