/** One thing that Home Assistant shows, or lets a person do: the names are its own (its MQTT integration, one page a platform). */

export type Platform =
  'binary_sensor' | 'button' | 'event' | 'number' | 'select' | 'sensor' | 'switch' | 'text' | 'update';

/** A topic that says whether something is there: the template gives `online` or `offline`. */
export interface Availability {
  topic: string;
  value_template: string;
}

export interface Entity {
  platform: Platform;
  name: string;
  unique_id: string;
  state_topic?: string;
  command_topic?: string;
  value_template?: string;
  command_template?: string;
  device_class?: string | undefined;
  entity_category?: 'config' | 'diagnostic' | undefined;
  /** Absent: as of the device; empty: always available. */
  availability?: readonly Availability[];
  [option: string]: unknown;
}

/** Where things of one device are on the bus, and what its entities are called. */
export interface DeviceNames {
  device: string;
  uniqueId(key: string): string;
  topics: {
    presence: string;
    twin: string;
    twinDesired: string;
    /** Its versions: the one it runs and the newest there is. */
    firmware: string;
    telemetry(stream: string): string;
    event(name: string): string;
    command(name: string): string;
  };
  /** Of settings: they may be changed while the device is away. */
  hubAvailability: readonly Availability[];
}
