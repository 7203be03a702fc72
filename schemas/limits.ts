/** Bounds of the protocol. The frame schemas have the same numbers; a test compares the two. */
export const limits = {
  /** Longest frame, bytes of UTF-8. */
  frameBytes: 65_536,
  /** Samples in one telemetry frame. */
  samples: 500,
  /** Characters of a device id and of a command id. */
  id: 64,
  /** Characters of `hello.boot`. */
  boot: 64,
  /** Characters of a stream, event or command name. */
  name: 64,
  /** Characters of `name@version`. */
  deviceType: 69,
  /** Characters of a progress note. */
  note: 256,
  /** Characters of a result's error text. */
  errorText: 1_024,
  /** Characters of a log line, and of its tag. */
  logText: 1_000,
  logTag: 64,
  /** Command ids in `hello.unresolved` and in `recall.ids`. */
  ids: 500,
  /** Field errors in one nack. */
  errors: 16,
  /** Characters of the path of a field error. */
  path: 1_024,
  /** A device must say hello within this time after the upgrade, seconds. */
  helloSec: 10,
  /** Bytes of a close reason (RFC 6455 §5.5: a control frame carries 125 bytes, two of them the code). */
  closeReasonBytes: 123,
  /** Bytes of a twin's desired or reported state as JSON, and of a patch to one. */
  twinBytes: 16_384,
  /** Undecodable frames in a row that close a session with 4400. */
  undecodable: 10,
} as const;

/** WebSocket subprotocols (RFC 6455 §1.9), by the encoding of frames. */
export const subprotocols = { json: 'hub.v1.json', cbor: 'hub.v1.cbor' } as const;

/** Ids of devices and commands, and names of commands, streams, events, groups and hubs. */
export const namePattern = /^[A-Za-z0-9_-]{1,64}$/;

/** A site: a tag value that needs no escaping. */
export const sitePattern = /^[A-Za-z0-9_.-]{1,64}$/;

/** The key of a label. */
export const labelKeyPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** The version of a firmware, as in `hello.firmware`. */
export const firmwareVersionPattern = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;

/** `name@version`. */
export const deviceTypePattern = /^[a-z0-9-]+@[0-9]+$/;

/** The name of an account or a token. */
export const operatorNamePattern = /^[A-Za-z0-9_.@-]{1,64}$/;

/** `env-sensor@1` → `env-sensor`. A device may move between versions of its type, not between types. */
export function typeName(deviceType: string): string {
  return deviceType.slice(0, deviceType.lastIndexOf('@'));
}

/** The longest MQTT packet that the hub publishes or takes, bytes: a command's payload is at most half as long. */
export const maxPacketBytes = 131_072;
