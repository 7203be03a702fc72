import type { FieldSpec } from '../../../schemas/index.ts';
import { HubPoints } from '../hub-points.ts';
import type { Ledger } from '../ledger.ts';
import { compileFieldEncoder, encodePrefix, encodeTimeUs } from '../line-protocol.ts';
import type { Writer } from '../writer.ts';
import { tagText } from './tag-text.ts';

/** Of its measurement. */
export const firmwareFields: readonly FieldSpec[] = [{ name: 'devices', kind: 'integer', tag: false }];
const encodeFirmware = compileFieldEncoder(firmwareFields);

/** Devices name their firmware themselves: more versions than this of one type at one site are counted together. */
const mostVersions = 50;
const otherVersions = '(other)';

/** What is known of a device. */
export interface FirmwareOfDevice {
  /** Without its version. */
  type: string;
  site: string;
  firmware: string;
}

/** Writes how many devices run each firmware, measurement `firmware`, so that a chart shows how a version spreads. */
export class FirmwareRecorder {
  readonly #points: HubPoints;
  readonly #deps: { hubId: string; devices: () => Iterable<FirmwareOfDevice> };

  /** @param deps.devices those of this hub: several hubs count the devices of each */
  constructor(deps: {
    writer: Writer;
    ledger: Ledger;
    hubId: string;
    devices: () => Iterable<FirmwareOfDevice>;
  }) {
    this.#points = new HubPoints(deps);
    this.#deps = deps;
  }

  /** @param timeMs Unix ms */
  snapshot(timeMs: number): void {
    const places = new Map<string, { type: string; site: string; versions: Map<string, number> }>();
    for (const { type, site, firmware } of this.#deps.devices()) {
      const key = JSON.stringify([type, site]);
      const place = places.get(key) ?? { type, site, versions: new Map<string, number>() };
      places.set(key, place);
      const version = tagText(firmware);
      place.versions.set(version, (place.versions.get(version) ?? 0) + 1);
    }
    for (const { type, site, versions } of places.values()) {
      for (const [version, count] of mostCommon(versions)) {
        const prefix = encodePrefix('firmware', { hub: this.#deps.hubId, site, type, version });
        this.#points.write(`${prefix}${encodeFirmware({ devices: count })} ${encodeTimeUs(timeMs)}`);
      }
    }
  }
}

function mostCommon(versions: ReadonlyMap<string, number>): [version: string, devices: number][] {
  const sorted = [...versions].toSorted(([, a], [, b]) => b - a);
  const rest = sorted.slice(mostVersions).reduce((sum, [, devices]) => sum + devices, 0);
  return [
    ...sorted.slice(0, mostVersions),
    ...(rest === 0 ? [] : [[otherVersions, rest] as [string, number]]),
  ];
}
