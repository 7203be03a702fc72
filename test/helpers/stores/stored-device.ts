import type { DeviceRecord } from '../../../hub/registry/device-store.ts';

export function storedDevice(id: string, overrides: Partial<DeviceRecord> = {}): DeviceRecord {
  const createdMs = 1_700_000_000_000.5;
  const secret = { id: 'c1', kind: 'secret', material: 'ab'.repeat(32), state: 'active', createdMs } as const;
  const record = { id, type: 'env-sensor@1', site: 'default', credentials: [secret], createdMs };
  return { ...record, disabled: false, epoch: 0, ...overrides };
}
