import { hubFrameChecks, type HubFrame } from '../../schemas/index.ts';

/**
 * A frame of the hub that matches its schema. Returns undefined for anything else, which a device ignores: a newer
 * hub may send types that this firmware does not know.
 */
export function parseHubFrame(text: string): HubFrame | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHubFrame(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHubFrame(value: unknown): value is HubFrame {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  return isFrameType(value.type) && hubFrameChecks[value.type](value) === undefined;
}

function isFrameType(type: unknown): type is HubFrame['type'] {
  return typeof type === 'string' && Object.hasOwn(hubFrameChecks, type);
}
