import type { DevicePage, DeviceSummary } from '../../schemas/api/devices.ts';
import type { DeviceOperations } from '../admin/admin-operations.ts';

const pageSize = 10_000;

/** Every device, by id, fetched page by page because a fleet exceeds one answer. @throws what `listDevices` throws */
export async function allDevices(operations: DeviceOperations): Promise<DeviceSummary[]> {
  const devices: DeviceSummary[] = [];
  let after: string | null = '';
  while (after !== null) {
    const page: DevicePage = await operations.listDevices({ after, limit: pageSize });
    devices.push(...page.devices);
    after = page.next;
  }
  return devices;
}
