/** The nodes that begin a flow: readings, events, presence and alarms. */
import type { HubMessage } from './hub-link.ts';
import { hubOf, showLink } from './use-hub.ts';
import type { FlowMessage, Runtime, RuntimeNode } from './runtime.ts';

interface IncomingConfig {
  hub: string;
  /** Empty: all devices. */
  device: string;
  /** Stream, event or source of an alarm; empty: all. */
  what: string;
  /** Of a reading: its value alone is the payload. */
  field?: string;
}

interface Sample {
  ts: number;
  data: Readonly<Record<string, unknown>>;
}

/** Messages of a flow for one of the hub's; none when it is not what the hub sends. */
type Reader = (message: HubMessage, config: IncomingConfig) => FlowMessage[];

const readers: Readonly<Record<string, { topic: string; hasWhat: boolean; read: Reader }>> = {
  'device-hub-readings': { topic: 'telemetry', hasWhat: true, read: readings },
  'device-hub-events': { topic: 'event', hasWhat: true, read: events },
  'device-hub-presence': { topic: 'presence', hasWhat: false, read: presence },
  'device-hub-alarms': { topic: 'alarm', hasWhat: true, read: alarms },
};

export default function register(red: Runtime): void {
  for (const [type, { topic, hasWhat, read }] of Object.entries(readers)) {
    red.nodes.registerType(type, function incoming(this: RuntimeNode, config: IncomingConfig) {
      red.nodes.createNode(this, config);
      const link = hubOf(red, this, config.hub);
      if (link === undefined) return;
      const filter = [topic, config.device || '+', ...(hasWhat ? [config.what || '+'] : [])].join('/');
      const stopShowing = showLink(this, link);
      const { ready, stop } = link.listen(filter, (message) => {
        for (const each of read(message, config)) this.send(each);
      });
      ready.catch((error: unknown) => this.error(String(error)));
      this.on('close', (done) => {
        stopShowing();
        stop();
        done();
      });
    });
  }
}

/** One message a sample, in the order of the device. */
function readings({ levels, json }: HubMessage, { field = '' }: IncomingConfig): FlowMessage[] {
  const [, device, stream] = levels;
  const { samples, ...single } = (json ?? {}) as Partial<Sample> & { samples?: Sample[] };
  return (samples ?? [single as Sample]).flatMap(({ ts, data }) => {
    if (typeof data !== 'object' || data === null) return [];
    if (field !== '' && !Object.hasOwn(data, field)) return [];
    const payload = field === '' ? data : data[field];
    return [{ topic: `${device}/${stream}`, device, stream, time: ts, data, payload }];
  });
}

function events({ levels, json }: HubMessage): FlowMessage[] {
  const [, device, event] = levels;
  if (typeof json !== 'object' || json === null) return [];
  const { ts, severity, data } = json as { ts: number; severity: string; data: object };
  return [{ topic: `${device}/${event}`, device, event, severity, time: ts, payload: data }];
}

/** An empty message: the device was removed. */
function presence({ levels, json, isEmpty, retained }: HubMessage): FlowMessage[] {
  const [, device] = levels;
  const common = { topic: device, device, retained };
  if (isEmpty) return [{ ...common, payload: 'removed' }];
  if (typeof json !== 'object' || json === null) return [];
  const { state, reason, since } = json as { state: string; reason: string; since: number };
  return [{ ...common, payload: state, reason, time: since, presence: json }];
}

/** An empty message: the alarm is over and acknowledged. */
function alarms({ levels, json, isEmpty, retained }: HubMessage): FlowMessage[] {
  const [, device, source] = levels;
  const common = { topic: `${device}/${source}`, device, source, retained };
  if (isEmpty) return [{ ...common, state: 'gone', payload: '' }];
  if (typeof json !== 'object' || json === null) return [];
  const { state, severity, text, last } = json as Record<string, unknown>;
  return [{ ...common, state, severity, time: last, payload: text, alarm: json }];
}
