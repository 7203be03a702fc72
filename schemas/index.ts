/** The protocol and the device types: everything that devices and the hub share. */
export { describeError, renderValue, type Check, type FieldError } from './field-error.ts';
export { limits, namePattern, sitePattern, typeName } from './limits.ts';
export { isoTime, lastTimeMs } from './iso-time.ts';
export {
  closeCodes,
  closeReasons,
  closeReasonText,
  type CloseCode,
  type CloseReason,
} from './protocol/close-codes.ts';
export type {
  ByeFrame,
  DeviceFrame,
  EventFrame,
  HeartbeatFrame,
  HelloFrame,
  LogFrame,
  ProgressFrame,
  ReadingTime,
  ReceivedFrame,
  ReportedFrame,
  ResultFrame,
  ResultStatus,
  Sample,
  Severity,
  TelemetryFrame,
  TwinError,
  UpdateStatusFrame,
} from './protocol/device-frames.ts';
export type {
  AckFrame,
  CancelFrame,
  CommandFrame,
  DesiredFrame,
  DesiredState,
  DrainFrame,
  HeartbeatReplyFrame,
  HubFrame,
  NackCode,
  NackFrame,
  NamedAckFrame,
  NoticeFrame,
  OfferedUpdate,
  RecallFrame,
  SessionLimits,
  UpdateCancelledFrame,
  UpdateFrame,
  WelcomeFrame,
} from './protocol/hub-frames.ts';
export { deviceFrameChecks, hubFrameChecks } from './protocol/frame-checks.ts';
export { mqttChecks } from './mqtt/mqtt-checks.ts';
export type {
  CommandType,
  DeviceType,
  DeviceTypeCatalog,
  EventType,
  FieldKind,
  FieldSpec,
  OfflinePolicy,
  Safety,
  StreamType,
} from './device-type.ts';
export type { ObjectDefinition, ScalarDefinition, ValueDefinition } from './device-type-definition.ts';
export { SchemaFault } from './schema-fault.ts';
export { compileDeviceType } from './device-type-compiler.ts';
export {
  catalogOf,
  changeFaults,
  deviceTypeFaults,
  joinFaults,
  loadDeviceType,
  loadDeviceTypes,
} from './device-type-catalog.ts';
