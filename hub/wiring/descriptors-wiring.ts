import { takeDescriptor } from '../adapters/descriptor.ts';
import { DescriptorWatch } from '../kernel/descriptor-watch.ts';
import type { HubContext } from './context.ts';

/** Notices when there is no file descriptor left for a connection. */
export function watchDescriptors({ clock, log, releasers }: HubContext): DescriptorWatch {
  const descriptors = new DescriptorWatch({ clock, log, open: takeDescriptor });
  descriptors.start();
  releasers.push('descriptors', () => descriptors.close());
  return descriptors;
}
