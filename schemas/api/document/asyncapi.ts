/** Describes the device protocol and the MQTT topics for programs: AsyncAPI 3, made from the schemas that check them. */

import packageJson from '../../../package.json' with { type: 'json' };
import { subprotocols } from '../../limits.ts';
import { mqttSchemas } from '../../mqtt/mqtt-checks.ts';
import { mqttTopics, topicLevels, type MqttTopic } from '../../mqtt/mqtt-topics.ts';
import { deviceFrameSchemas, hubFrameSchemas } from '../../protocol/frame-schemas.ts';

type Json = Record<string, unknown>;

const intro = `Devices speak JSON frames over WebSocket with the hub. Whoever operates them reads and asks over MQTT; the
root of the topics is a setting (HUB_MQTT_ROOT). Times are Unix milliseconds. This document is written from the hub: it
receives what devices and clients send.`;

/** The dialect of JSON Schema that AsyncAPI tools read. */
const schemaFormat = 'application/schema+json;version=draft-07';

/** The document, of every frame and every topic. */
export function asyncApiDocument(): Json {
  const frames = [
    ...Object.entries<object>(deviceFrameSchemas).map(([type, schema]) => ({ by: 'device', type, schema })),
    ...Object.entries<object>(hubFrameSchemas).map(([type, schema]) => ({ by: 'hub', type, schema })),
  ].map((frame) => ({ ...frame, key: keyOf(`${frame.by}-${frame.type}`) }));
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Device hub',
      version: packageJson.version,
      description: intro.replaceAll('\n', ' '),
      license: { name: packageJson.license },
    },
    defaultContentType: 'application/json',
    servers,
    channels: {
      device: {
        address: '/v1/device',
        title: 'The connection of a device',
        description: `One WebSocket a device, with the subprotocol ${subprotocols.json}.`,
        servers: [{ $ref: '#/servers/devices' }],
        messages: Object.fromEntries(
          frames.map(({ key }) => [key, { $ref: `#/components/messages/${key}` }]),
        ),
        bindings: { ws: { method: 'GET' } },
      },
      ...Object.fromEntries(mqttTopics.map((topic) => [topic.name, channelOf(topic)])),
    },
    operations: {
      ...Object.fromEntries(
        frames.map(({ by, type, key }) => [
          key,
          {
            action: by === 'device' ? 'receive' : 'send',
            channel: { $ref: '#/channels/device' },
            summary: by === 'device' ? `A device sends ${type}` : `The hub sends ${type}`,
            messages: [{ $ref: `#/channels/device/messages/${key}` }],
          },
        ]),
      ),
      ...Object.fromEntries(mqttTopics.map((topic) => [`${topic.name}Topic`, operationOf(topic)])),
    },
    components: {
      messages: {
        ...Object.fromEntries(frames.map(({ key, type, schema }) => [key, messageOf(type, schema)])),
        ...Object.fromEntries(
          Object.entries<object>(mqttSchemas).map(([name, schema]) => [
            payloadKey(name),
            messageOf(name, schema),
          ]),
        ),
        ignored: { name: 'ignored', title: 'ignored', summary: 'The payload is not read.' },
      },
      securitySchemes: {
        secret: { type: 'http', scheme: 'basic', description: "A device's id and secret." },
        operator: { type: 'userPassword', description: 'An operator, or the name and text of a token.' },
      },
    },
  };
}

const servers = {
  devices: {
    host: 'hub.example.org:8443',
    protocol: 'wss',
    title: 'The device listener',
    security: [{ $ref: '#/components/securitySchemes/secret' }],
  },
  broker: {
    host: 'broker.example.org:1883',
    protocol: 'mqtt',
    title: 'Any MQTT broker, or the embedded one',
    security: [{ $ref: '#/components/securitySchemes/operator' }],
  },
};

function channelOf({ levels, about, schema }: MqttTopic): Json {
  const names = [...levels.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const key = schema === undefined ? 'ignored' : payloadKey(schema);
  return {
    address: `{root}/${levels}`,
    description: about,
    servers: [{ $ref: '#/servers/broker' }],
    parameters: {
      root: { description: 'The first levels of every topic.', default: 'hub/v1' },
      ...Object.fromEntries(names.map((name) => [name, { description: topicLevels[name] }])),
    },
    messages: { [key]: { $ref: `#/components/messages/${key}` } },
  };
}

function operationOf({ name, by, qos, retained, about, schema }: MqttTopic): Json {
  const key = schema === undefined ? 'ignored' : payloadKey(schema);
  return {
    action: by === 'client' ? 'receive' : 'send',
    channel: { $ref: `#/channels/${name}` },
    summary: about,
    messages: [{ $ref: `#/channels/${name}/messages/${key}` }],
    bindings: { mqtt: { qos, retain: retained, bindingVersion: '0.2.0' } },
  };
}

function messageOf(name: string, schema: object): Json {
  const { title = name, description } = schema as { title?: string; description?: string };
  return {
    name,
    title,
    ...(description === undefined ? {} : { summary: description }),
    contentType: 'application/json',
    payload: { schemaFormat, schema: asDraft07(schema) },
  };
}

/** Draft 07 has `dependencies` instead of `dependentSchemas`. Our schemas use no other keyword whose name differs. */
function asDraft07(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asDraft07);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== '$schema')
      .map(([name, member]) => [name === 'dependentSchemas' ? 'dependencies' : name, asDraft07(member)]),
  );
}

function payloadKey(name: string): string {
  return keyOf(`mqtt-${name}`);
}

/** `device-update-status` → `deviceUpdateStatus`. */
function keyOf(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
