/** One entity of Home Assistant. The members are called as in the pages of its MQTT integration, one page for each platform. */

export type Platform =
  'binary_sensor' | 'button' | 'event' | 'number' | 'select' | 'sensor' | 'switch' | 'text' | 'update';

/** A topic that says whether something is available: the template gives `online` or `offline`. */
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
  /** Absent: that of the device; empty: always available. */
  availability?: readonly Availability[];
  [option: string]: unknown;
}

/** The topics of one device, and the names of its entities. */
export interface DeviceNames {
  device: string;
  uniqueId(key: string): string;
  topics: {
    presence: string;
    twin: string;
    twinDesired: string;
    /** Carries two versions: the one that the device runs, and the newest one. */
    firmware: string;
    telemetry(stream: string): string;
    event(name: string): string;
    command(name: string): string;
  };
  /** For settings, which may be changed while the device is away. */
  hubAvailability: readonly Availability[];
}
