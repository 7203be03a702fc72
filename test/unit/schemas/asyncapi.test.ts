import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicsOf, type Topics } from '../../../hub/bus/topics.ts';
import { asyncApiDocument } from '../../../schemas/api/document/asyncapi.ts';
import { mqttTopics, topicLevels } from '../../../schemas/mqtt/mqtt-topics.ts';
import { deviceFrameChecks, hubFrameChecks } from '../../../schemas/index.ts';

interface Document {
  channels: Record<string, { address: string; messages: object }>;
  operations: Record<string, { action: string; messages: { $ref: string }[] }>;
}

const topics = topicsOf('acme');

/** What is no topic by itself, or between hubs alone. */
const others = new Set<keyof Topics>([
  'root',
  'marker',
  'mail',
  'presenceFilter',
  'presenceOf',
  'hubOf',
  'hubFilter',
  'requestFilters',
  'isRequest',
  'parse',
  'refuseResponseTopic',
]);

test('the document has every topic that the hub builds, level by level', () => {
  const builders = Object.keys(topics).filter((name) => !others.has(name as keyof Topics));
  assert.deepEqual(mqttTopics.map(({ name }) => name).toSorted(), builders.toSorted());
  const { channels } = asyncApiDocument() as unknown as Document;
  for (const { name, levels } of mqttTopics) {
    const build = topics[name as keyof Topics] as (...names: string[]) => string;
    const names = [...levels.matchAll(/\{(\w+)\}/g)].map(([, level = '']) => level);
    assert.equal(build(...names), `acme/${levels.replaceAll(/[{}]/g, '')}`);
    for (const level of names) assert.ok(topicLevels[level], level);
    assert.equal(channels[name]?.address, `{root}/${levels}`);
  }
});

test('the topics that clients may publish to are those that the hub takes', () => {
  const taken = mqttTopics.filter(({ by }) => by === 'client').map(({ levels }) => levels);
  assert.deepEqual(
    taken.map((levels) => `acme/${levels.replaceAll(/\{\w+\}/g, '+')}`).toSorted(),
    topics.requestFilters.toSorted(),
  );
});

test('the document has every frame, in its direction', () => {
  const { operations } = asyncApiDocument() as unknown as Document;
  const ofDevice = Object.values(operations).filter(
    ({ action, messages }) => action === 'receive' && messages[0]?.$ref.startsWith('#/channels/device/'),
  );
  const ofHub = Object.values(operations).filter(
    ({ action, messages }) => action === 'send' && messages[0]?.$ref.startsWith('#/channels/device/'),
  );
  assert.equal(ofDevice.length, Object.keys(deviceFrameChecks).length);
  assert.equal(ofHub.length, Object.keys(hubFrameChecks).length);
});
