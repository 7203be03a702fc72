import { HubError } from '../../kernel/errors.ts';
import type { Credential } from '../../registry/credentials.ts';
import type { DeviceRecord } from '../../registry/device-store.ts';
import type { AnchoredBoot } from '../../registry/unseen-boots.ts';
import { isTrue, jsonOf, optional, type Row } from './row.ts';

/** @param row has `epoch` and `connected_before` besides the columns of the device */
export function deviceOf(row: Row): DeviceRecord {
  const { labels, enrolment_id: enrolmentId } = row;
  return {
    id: String(row['id']),
    type: String(row['type']),
    site: String(row['site']),
    credentials: jsonOf(row['credentials']) as Credential[],
    createdMs: Number(row['created_ms']),
    disabled: isTrue(row['disabled']),
    ...(labels === '{}' ? {} : { labels: jsonOf(labels) as Record<string, string> }),
    ...optional('rotationDueMs', row['rotation_due_ms']),
    epoch: Number(row['epoch']),
    ...(typeof enrolmentId === 'string' ? { enrolmentId } : {}),
    ...(isTrue(row['connected_before']) ? { connectedBefore: true as const } : {}),
  };
}

export function anchoredBootOf(row: Row): AnchoredBoot {
  return {
    boot: String(row['boot']),
    up: Number(row['uptime_ms']),
    anchorMs: Number(row['anchor_ms']),
  };
}

/**
 * Adds devices.
 * @param insert adds all or none; returns the epochs of devices that had one before
 * @param registered returns which of these ids are taken
 * @throws HubError `device-exists` with all ids that are taken, or that are given twice
 */
export async function addOnce(
  records: readonly DeviceRecord[],
  insert: () => Promise<readonly Row[]>,
  registered: (ids: readonly string[]) => Promise<readonly Row[]>,
): Promise<ReadonlyMap<string, number>> {
  const ids = new Set<string>();
  const twice = records.map(({ id }) => id).filter((id) => ids.size === ids.add(id).size);
  if (twice.length > 0) throw exists(twice);
  try {
    const raised = await insert();
    return new Map(raised.map((row) => [String(row['device_id']), Number(row['epoch'])]));
  } catch (error) {
    const taken = await registered([...ids]);
    if (taken.length === 0) throw error;
    throw exists(
      taken.map(({ id }) => String(id)),
      error,
    );
  }
}

function exists(ids: readonly string[], cause?: unknown): HubError {
  return new HubError('device-exists', ids.slice(0, 3).join(', ') + (ids.length > 3 ? ', …' : ''), {
    cause,
    details: { ids },
  });
}
