import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT_CONTEXT, trace, type SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { connectAsync } from 'mqtt';
import { startCommandedDevice } from '../../helpers/devices/commanded-device.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { startOtlpReceiver } from '../../helpers/services/otlp-receiver.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Somebody else with a tracer: an operator's program, or the software of a device. */
function tracerOf(service: string, url: string) {
  const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  return { tracer: provider.getTracer(service), provider };
}

const written = ({ traceId, spanId }: SpanContext): string => `00-${traceId}-${spanId}-01`;

function read(traceparent: string | undefined): SpanContext {
  const [, traceId = '', spanId = ''] = traceparent?.split('-') ?? [];
  return { traceId, spanId, traceFlags: 1, isRemote: true };
}

test('one trace of a command: the operator, the hub with its stages, the device, and back with the answer', async (t) => {
  const collector = await startOtlpReceiver();
  t.after(() => collector.close());
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const hub = await startInProcessHub(t, { HUB_MQTT_URL: broker.url, HUB_TRACES_URL: collector.url });
  await hub.add(['d-1']);
  const device = tracerOf('device', collector.url);
  const operator = tracerOf('operator', collector.url);
  t.after(() => Promise.all([device.provider.shutdown(), operator.provider.shutdown()]));
  await startCommandedDevice(
    t,
    hub,
    { id: 'd-1' },
    {
      'set-interval': ({ traceparent }) => {
        const inside = trace.setSpanContext(ROOT_CONTEXT, read(traceparent));
        device.tracer.startSpan('act', {}, inside).end();
        return { status: 'succeeded' };
      },
      identify: () => ({ status: 'failed', error: 'no lamp' }),
    },
  );

  const client = await connectAsync(broker.url, { protocolVersion: 5 });
  t.after(() => client.endAsync(true));
  const answers = new Map<string, Record<string, unknown>>();
  client.on('message', (topic, _payload, { properties }) => {
    answers.set(topic, { ...properties?.userProperties });
  });
  const send = async (
    command: string,
    params: string,
    traceparent: string,
  ): Promise<Record<string, unknown>> => {
    const responseTopic = `hub/v1/answer/${command}`;
    await client.subscribeAsync(responseTopic, { qos: 1 });
    await client.publishAsync(`hub/v1/command/d-1/${command}`, params, {
      qos: 1,
      properties: { responseTopic, userProperties: { traceparent } },
    });
    return waitFor(() => answers.get(responseTopic), { what: `the answer of ${command}` });
  };

  const asking = operator.tracer.startSpan('ask');
  const answer = await send('set-interval', '{"params":{"seconds":5}}', written(asking.spanContext()));
  const { traceId } = asking.spanContext();
  operator.tracer
    .startSpan('read the answer', {}, trace.setSpanContext(ROOT_CONTEXT, read(String(answer['traceparent']))))
    .end();
  asking.end();

  const named = (name: string) =>
    collector.spans.filter((span) => span.name === name && span.traceId === traceId);
  const names = ['ask', 'command set-interval', 'queue', 'deliver', 'run', 'act', 'read the answer'];
  await waitFor(() => names.every((name) => named(name).length === 1), {
    what: 'the whole trace',
    timeoutMs: 15_000,
  }).catch((error: unknown) => {
    throw new Error(`received: ${JSON.stringify(collector.spans)}`, { cause: error });
  });
  const [command] = named('command set-interval');
  assert.equal(command?.service, 'device-hub');
  assert.equal(command?.parentSpanId, asking.spanContext().spanId);
  assert.equal(command?.attributes['device.id'], 'd-1');
  assert.equal(command?.attributes['command.status'], 'succeeded');
  assert.equal(command?.isError, false);
  for (const name of ['queue', 'deliver', 'run', 'act', 'read the answer']) {
    const [span] = named(name);
    assert.equal(span?.parentSpanId, command?.spanId, `${name} is below the command`);
    assert.ok((span?.endMs ?? 0) >= (span?.startMs ?? 1), name);
  }
  assert.ok((named('deliver')[0]?.startMs ?? 0) >= (named('queue')[0]?.endMs ?? 1));

  // A caller that does not keep its trace: the device and the answer belong to it, and nothing is exported.
  const quiet = '0af7651916cd43dd8448eb211c80319c';
  const told = await send('identify', '{}', `00-${quiet}-b7ad6b7169203331-00`);
  assert.match(String(told['traceparent']), new RegExp(`^00-${quiet}-[0-9a-f]{16}-00$`));
  const metrics = await (await fetch(`${hub.hub.adminUrl}/metrics`)).text();
  assert.match(metrics, /^hub_trace_spans_total\{fate="exported"\} 4$/m);
  assert.equal(
    collector.spans.some((span) => span.traceId === quiet),
    false,
  );
});

test('a hub without a collector loads nothing of OpenTelemetry, and its devices get no trace', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['d-1']);
  const { calls } = await startCommandedDevice(
    t,
    hub,
    { id: 'd-1' },
    {
      identify: () => ({ status: 'succeeded' }),
    },
  );
  await hub.ask('POST /api/v1/devices/{id}/commands/{command}', {
    params: { id: 'd-1', command: 'identify' },
    query: { wait: '5s' },
  });
  assert.deepEqual(
    calls.map((call) => call.traceparent),
    [undefined],
  );
});
