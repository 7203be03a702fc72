import type { EndedBoot } from './client-options.ts';
import type { OutboxItem } from './outbox.ts';

/** A reading as it is kept. */
export interface KeptReading extends Omit<OutboxItem, 'settle'> {
  /** Rises with each reading of the device. */
  order: number;
}

/** Storage of unsettled readings that survives a reboot (a file, a flash ring). A change is durable when a call returns. */
export interface ReadingStore {
  /** In the order they were taken. */
  readings(): readonly KeptReading[];
  /** Boots of kept readings that the hub has not heard of, oldest first: the next hello names them. */
  unknownBoots(): readonly EndedBoot[];
  keep(reading: KeptReading): void;
  settled(order: number): void;
  /** The hub knows this boot, and all before it. */
  bootsKnown(boot: string): void;
  close(): void;
}
