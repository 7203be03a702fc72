import { cutText } from '../../schemas/cut-text.ts';
import {
  deviceFrameChecks,
  type DeviceFrame,
  type DeviceType,
  type EventFrame,
  type FieldError,
  type TelemetryFrame,
} from '../../schemas/index.ts';
import { mergePatch } from '../../schemas/twin/merge-patch.ts';
import { faultText } from '../../schemas/field-error.ts';
import { readJson } from '../../schemas/json-text.ts';

export type Judged = { kind: 'frame'; frame: DeviceFrame } | { kind: 'unlawful'; fault: string };

/** Judges the frames of a device by their JSON Schemas, and their data by the device type. */
export class FrameJudge {
  readonly #type: DeviceType;
  /** Command id → name, of the commands that were sent. */
  readonly commands = new Map<string, string>();

  constructor(type: DeviceType) {
    this.#type = type;
  }

  judge(text: string): Judged {
    const json = readJson(text);
    if (json.kind === 'unreadable') return unlawful(text, faultText(json.fault));
    const [doubtful] = json.faults ?? [];
    if (doubtful !== undefined) return unlawful(text, faultText(doubtful));
    const { value } = json;
    if (!isTyped(value)) return unlawful(text, 'it is no JSON object with a type');
    if (!isDeviceFrameType(value.type)) return unlawful(text, 'there is no frame of this type');
    const fault = deviceFrameChecks[value.type](value);
    if (fault !== undefined) return unlawful(text, faultText(fault));
    // Its schema has accepted it.
    const frame = value as DeviceFrame;
    const ofData = this.#dataFault(frame);
    return ofData === undefined ? { kind: 'frame', frame } : unlawful(text, ofData);
  }

  #dataFault(frame: DeviceFrame): string | undefined {
    switch (frame.type) {
      case 'telemetry':
        return this.#telemetryFault(frame);
      case 'event':
        return this.#eventFault(frame);
      case 'result': {
        const name = this.commands.get(frame.re);
        const command = name === undefined ? undefined : this.#type.commands.get(name);
        if (command === undefined || frame.status !== 'succeeded') return undefined;
        return textOf(command.checkOutput(frame.output ?? {}));
      }
      case 'log':
        return this.#type.logs ? undefined : 'the type has no logs';
      case 'reported':
        return textOf(this.#type.twin?.checkReported(mergePatch({}, frame.patch)));
      case 'hello':
      case 'heartbeat':
      case 'received':
      case 'progress':
      case 'update-status':
      case 'bye':
        return undefined;
    }
  }

  #telemetryFault({ stream, data, samples }: TelemetryFrame): string | undefined {
    const known = this.#type.streams.get(stream);
    if (known === undefined) return `the type has no stream ${stream}`;
    for (const sample of samples ?? [{ data }]) {
      const fault = known.check(sample.data);
      if (fault !== undefined) return faultText(fault);
    }
    return undefined;
  }

  #eventFault({ name, data = {} }: EventFrame): string | undefined {
    const known = this.#type.events.get(name);
    return known === undefined ? `the type has no event ${name}` : textOf(known.check(data));
  }
}

function textOf(fault: FieldError | undefined): string | undefined {
  return fault === undefined ? undefined : faultText(fault);
}

function unlawful(text: string, why: string): Judged {
  return { kind: 'unlawful', fault: `${cutText(text, 300)}: ${why}` };
}

function isTyped(value: unknown): value is { type: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function isDeviceFrameType(type: unknown): type is DeviceFrame['type'] {
  return typeof type === 'string' && Object.hasOwn(deviceFrameChecks, type);
}
