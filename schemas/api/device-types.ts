/** Device types, for people and programs that read or publish them. */

import { Type, type Static } from 'typebox';
import type { DeviceTypeDefinition } from '../device-type-definition.ts';
import { resource } from './operation.ts';
import { FieldError } from './refusal.ts';
import { count, jsonObject, list, mapOf, named } from './values.ts';

export const TypeRow = named(
  'TypeRow',
  Type.Object({
    id: Type.String({ description: 'with version, such as env-sensor@1' }),
    devices: count('registered with it'),
    streams: list(Type.String()),
    commands: list(Type.String()),
    commandTitles: mapOf(Type.String(), { description: 'what people call the commands, by name' }),
    updatesFirmware: Type.Boolean({ description: 'its devices take new firmware from the hub' }),
  }),
  {
    id: 'env-sensor@1',
    devices: 12,
    streams: ['env'],
    commands: ['set-interval'],
    commandTitles: { 'set-interval': 'Set the time between readings' },
    updatesFirmware: true,
  },
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

/** The check of a definition before it is published: its own faults, and how it would have judged recent readings. */
export const TypeCheck = named(
  'TypeCheck',
  Type.Object({
    faults: list(FieldError, { description: 'why it cannot be published; with one, no reading was judged' }),
    replaces: Type.Boolean({ description: 'there is a type of this id, which it would replace' }),
    devices: count('whose readings were judged'),
    read: count('readings judged: the newest of each device since the hub started, 1,000 at most'),
    firmwares: list(
      Type.Object({
        firmware: Type.String({ description: 'of the devices; empty: they did not say' }),
        read: count(),
        rejected: count('by the definition'),
        rejectedNow: count('by the type as it is'),
      }),
    ),
    rejects: list(
      Type.Object({
        stream: Type.String(),
        field: Type.String({ description: 'JSON pointer into the data; empty: all of it' }),
        rule: Type.String({ description: 'the JSON Schema keyword; `stream`: there is no such stream' }),
        firmware: Type.String({ description: 'empty: not known' }),
        count: count(),
        example: Type.Object({ device: Type.String(), message: Type.String() }),
      }),
      { description: 'by field, rule and firmware' },
    ),
    readOnly: Type.Optional(
      Type.String({ description: 'why nothing can be published here; absent: it can be' }),
    ),
  }),
  {
    faults: [],
    replaces: true,
    devices: 40,
    read: 1_000,
    firmwares: [{ firmware: '2.3.0', read: 1_000, rejected: 12, rejectedNow: 0 }],
    rejects: [
      {
        stream: 'env',
        field: '/temperature',
        rule: 'maximum',
        firmware: '2.3.0',
        count: 12,
        example: { device: 'boiler-3', message: '/temperature must be <= 60; it is 71.5' },
      },
    ],
  },
);
export type TypeCheck = Static<typeof TypeCheck>;

const ofType = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: 'with version, such as env-sensor@1' }),
});
const { id: _, ...exampleFile } = TypeDefinition.examples[0];
/** Checked by its own schema, in words that name each fault. */
const definition = named(
  'DeviceTypeFile',
  jsonObject('a device type as its file has it: device-type.schema.json'),
  exampleFile,
);

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
    params: ofType,
    answers: { 200: TypeDefinition },
    refusals: ['type-unknown'],
  },
  checkDeviceType: {
    method: 'POST',
    path: '/api/v1/device-types/check',
    summary: 'Check a definition before it is published, and recent readings against it',
    description:
      'For an existing type, the readings of its devices are checked; for a new version, those of all versions. In a cluster, only devices of the hub that answers count.',
    body: definition,
    answers: { 200: TypeCheck },
  },
  publishDeviceType: {
    method: 'PUT',
    path: '/api/v1/device-types/{id}',
    summary: 'Publish a device type: a new one, or a new definition of an existing one',
    description:
      'Writes its file in HUB_SCHEMAS_DIR; in a cluster, to the database, from which every hub takes it within a second or two. Connected devices are judged by it at once; a field keeps its kind.',
    params: ofType,
    body: definition,
    answers: { 200: TypeDefinition },
    refusals: ['schema-invalid', 'types-read-only', 'type-changed'],
  },
});
