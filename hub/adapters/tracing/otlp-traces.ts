import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  RandomIdGenerator,
  TracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import type { CommandFollower } from '../../commands/answers.ts';
import type { Command } from '../../commands/command.ts';
import type { TraceContext } from '../../commands/trace-context.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import { isFinal } from '../../../schemas/command-status.ts';

/** Spans that wait; more are left out and counted. */
const maxQueued = 2_048;
/** A collector that does not answer in this time has not got them, ms. */
const exportTimeoutMs = 10_000;

/** What became of spans. What is queued is in none of them yet. */
export interface SpanCounters {
  exported: number;
  /** The collector did not take them. */
  failed: number;
  /** The queue was full. */
  dropped: number;
}

export interface OtlpTraces extends CommandFollower {
  readonly counters: Readonly<SpanCounters>;
  /** Exports what waits, and ends. */
  close(): Promise<void>;
}

export function exposeTraces(metrics: Metrics, { counters }: Pick<OtlpTraces, 'counters'>): void {
  metrics.counter(
    'hub_trace_spans_total',
    'Spans of commands: exported, not taken by the collector (failed), or left out because too many waited (dropped)',
    () => ({ ...counters }),
    'fate',
  );
}

/**
 * Exports each command that has ended as one trace over OTLP/HTTP: the command, and below it how long it waited, travelled and ran.
 * @param url of the collector, without `/v1/traces` @param hub what the spans are of
 */
export function startOtlpTraces(url: string, hub: { id: string; version: string }): OtlpTraces {
  const counters: SpanCounters = { exported: 0, failed: 0, dropped: 0 };
  let queued = 0;
  const random = new RandomIdGenerator();
  /** Set while the span of a command is made: its device and its caller know the id already. */
  let place: TraceContext | undefined;
  const exporter = new OTLPTraceExporter({
    url: `${url.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: exportTimeoutMs,
  });
  const provider = new TracerProvider({
    idGenerator: {
      generateTraceId: () => place?.traceId ?? random.generateTraceId(),
      generateSpanId: () => place?.spanId ?? random.generateSpanId(),
    },
    resource: resourceFromAttributes({
      'service.name': 'device-hub',
      'service.version': hub.version,
      'service.instance.id': hub.id,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: counting(exporter, (count, isTaken) => {
          queued -= count;
          counters[isTaken ? 'exported' : 'failed'] += count;
        }),
        maxQueueSize: maxQueued,
      }),
    ],
  });
  const tracer = provider.getTracer('device-hub');

  const record = (command: Command, given: TraceContext): void => {
    const stages = stagesOf(command);
    if (queued + stages.length + 1 > maxQueued) {
      counters.dropped += stages.length + 1;
      return;
    }
    queued += stages.length + 1;
    const { name, status, reason, acceptedMs, changedMs } = command;
    const { traceId, parentSpanId } = given;
    const parent =
      parentSpanId === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId,
            spanId: parentSpanId,
            traceFlags: TraceFlags.SAMPLED,
            isRemote: true,
          });
    place = given;
    const span = tracer.startSpan(
      `command ${name}`,
      {
        kind: SpanKind.SERVER,
        startTime: acceptedMs,
        attributes: attributesOf(command),
      },
      parent,
    );
    place = undefined;
    const inside = trace.setSpan(ROOT_CONTEXT, span);
    for (const stage of stages) {
      const kind = stage.name === 'queue' ? SpanKind.INTERNAL : SpanKind.CLIENT;
      tracer.startSpan(stage.name, { kind, startTime: stage.fromMs }, inside).end(stage.toMs);
    }
    if (status !== 'succeeded') {
      span.setStatus({ code: SpanStatusCode.ERROR, message: reason ?? status });
    }
    span.end(Math.max(acceptedMs, changedMs));
  };

  return {
    counters,
    commandChanged(command) {
      if (command.trace?.sampled === true && isFinal(command.status)) record(command, command.trace);
    },
    close: () => provider.shutdown(),
  };
}

function attributesOf({ device, id, name, status, reason, requester }: Command): Attributes {
  return {
    'device.id': device,
    'command.id': id,
    'command.name': name,
    'command.status': status,
    ...(reason === undefined ? {} : { 'command.reason': reason }),
    ...(requester === undefined
      ? {}
      : { 'command.origin': requester.origin, 'command.actor': requester.actor }),
  };
}

interface Stage {
  name: 'queue' | 'deliver' | 'run';
  fromMs: number;
  toMs: number;
}

/** What it went through. The wall clock may have been set in between: no stage ends before it begins. */
function stagesOf({ acceptedMs, sent, receivedMs, changedMs }: Command): Stage[] {
  const stage = (name: Stage['name'], fromMs: number, toMs: number): Stage => ({
    name,
    fromMs,
    toMs: Math.max(fromMs, toMs),
  });
  const stages = [stage('queue', acceptedMs, sent?.ms ?? changedMs)];
  if (sent !== undefined) stages.push(stage('deliver', sent.ms, receivedMs ?? changedMs));
  if (receivedMs !== undefined) stages.push(stage('run', receivedMs, changedMs));
  return stages;
}

function counting(exporter: SpanExporter, count: (spans: number, isTaken: boolean) => void): SpanExporter {
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        count(spans.length, result.error === undefined);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
