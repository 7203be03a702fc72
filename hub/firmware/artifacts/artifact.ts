import type { FirmwareView } from '../../../schemas/api/firmware/firmware.ts';

/** One firmware of one device type, as it is stored. With a `url` the hub does not keep its bytes. */
export type Artifact = Readonly<Omit<FirmwareView, 'signed' | 'damaged' | 'rollouts'>>;
