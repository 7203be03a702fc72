import { mqttSchemas } from '../../schemas/mqtt/mqtt-checks.ts';
import { mqttTopics, topicLevels, type MqttTopic } from '../../schemas/mqtt/mqtt-topics.ts';
import { code, generatedNote, plain, table } from './markdown.ts';
import { memberTable } from './schema-tables.ts';

/** Every topic, and what its payload has. */
export function mqttPage(): string {
  return [
    '# MQTT topics',
    generatedNote('`schemas/mqtt`'),
    'All topics are below `HUB_MQTT_ROOT`, which is `hub/v1` unless it is set. Payloads are JSON, times are Unix milliseconds. `device-hub asyncapi` prints the same as an AsyncAPI 3 document.',
    '## What you publish',
    topicTable(mqttTopics.filter(({ by }) => by === 'client')),
    'A retained command is refused. Over MQTT 5 the answer goes to your Response Topic, with your Correlation Data; under the root only `hub/v1/answer/…` may be one.',
    '## What the hub publishes',
    topicTable(mqttTopics.filter(({ by }) => by === 'hub')),
    '## Levels',
    table(
      ['Level', 'Meaning'],
      Object.entries(topicLevels).map(([name, about]) => [code(`{${name}}`), about]),
    ),
    '## Payloads',
    ...Object.entries<object>(mqttSchemas).flatMap(([name, schema]) => [
      `### ${name}`,
      plain((schema as { description?: string }).description ?? ''),
      memberTable(schema),
    ]),
  ]
    .filter((block) => block !== '')
    .join('\n\n');
}

function topicTable(topics: readonly MqttTopic[]): string {
  return table(
    ['Topic', 'QoS', 'Retained', 'Payload', 'Meaning'],
    topics.map(({ levels, qos, retained, schema, about }) => [
      code(`hub/v1/${levels}`),
      String(qos),
      retained ? 'yes' : '',
      schema === undefined ? 'ignored' : `[${schema}](#${schema})`,
      about,
    ]),
  );
}
