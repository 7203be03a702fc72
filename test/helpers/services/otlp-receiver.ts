import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
// The transformer of today only writes. This older release reads as well: its code is generated from the protocol's own files.
import root from 'otlp-decoder/build/src/generated/root.js';

export interface ReceivedSpan {
  name: string;
  service: string;
  traceId: string;
  spanId: string;
  /** Empty: it begins the trace. */
  parentSpanId: string;
  startMs: number;
  endMs: number;
  attributes: Readonly<Record<string, unknown>>;
  isError: boolean;
}

export interface OtlpReceiver {
  /** Without `/v1/traces`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  close(): void;
}

interface Value {
  stringValue?: string | null;
}
interface Attribute {
  key: string;
  value: Value;
}
interface Decoded {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      spans: {
        name: string;
        traceId: Uint8Array;
        spanId: Uint8Array;
        parentSpanId: Uint8Array | null;
        startTimeUnixNano: { toString(): string };
        endTimeUnixNano: { toString(): string };
        attributes: Attribute[];
        status?: { code?: number } | null;
      }[];
    }[];
  }[];
}

/** STATUS_CODE_ERROR of the protocol. */
const errorCode = 2;

/** The path to the type in the protocol's own packages. */
interface Packages {
  opentelemetry: {
    proto: {
      collector: { trace: { v1: { ExportTraceServiceRequest: { decode(bytes: Uint8Array): Decoded } } } };
    };
  };
}
const request = (root as unknown as Packages).opentelemetry.proto.collector.trace.v1
  .ExportTraceServiceRequest;

const hex = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('hex');
const ms = (nanos: { toString(): string }): number => Number(BigInt(nanos.toString()) / 1_000_000n);
const plain = (attributes: Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));

/** A collector of traces: OTLP over HTTP in protobuf, decoded by the decoder of OpenTelemetry. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((incoming, response) => {
    void buffer(incoming).then((body) => {
      if (incoming.url !== '/v1/traces' || incoming.headers['content-type'] !== 'application/x-protobuf') {
        response.writeHead(404).end();
        return;
      }
      for (const { resource, scopeSpans } of request.decode(body).resourceSpans) {
        const service = String(plain(resource.attributes)['service.name']);
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
          spans.push({
            name: span.name,
            service,
            traceId: hex(span.traceId),
            spanId: hex(span.spanId),
            parentSpanId: hex(span.parentSpanId),
            startMs: ms(span.startTimeUnixNano),
            endMs: ms(span.endTimeUnixNano),
            attributes: plain(span.attributes),
            isError: span.status?.code === errorCode,
          });
        }
      }
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: () => void server.close(),
  };
}
