/** What the audit names: the same over HTTP as on the files of a stopped hub. */
export type AuditAction =
  | 'alarm.acknowledge'
  | 'clock.accept'
  | CommandAction
  | 'connect'
  | `credential.${'add' | 'revoke' | 'rotate'}`
  | `device.${'add' | 'label' | 'enable' | 'disable' | 'remove' | 'enrol' | 'tap'}`
  | 'device-type.publish'
  | `enrolment.${'create' | 'revoke' | 'approve' | 'deny'}`
  | `firmware.${'add' | 'remove'}`
  | `group.${'set' | 'remove'}`
  | `group-twin.${'set' | 'cancel'}`
  | 'hub.restore'
  | `${'' | 'first-' | 'screen-'}login`
  | 'logout'
  | `operator.${'save' | 'remove' | 'reset-second-factor'}`
  | `own.${'password' | 'second-factor'}`
  | 'publish'
  | `rollout.${'start' | 'pause' | 'resume' | 'cancel' | 'stop'}`
  | `schedule.${'add' | 'change' | 'pause' | 'remove'}`
  | 'session.end'
  | `silence.${'add' | 'remove'}`
  | `webhook.${'add' | 'remove' | 'test' | 'retry' | 'purge'}`
  | `twin.${'set' | 'fit'}`
  | `token.${'create' | 'revoke'}`
  | UnnamedRequest;

/** Of commands and group commands: a request, or a change of its status. */
export type CommandAction = `${'' | 'group-'}command.${CommandVerb | 'status'}`;
export type CommandRequestAction = `${'' | 'group-'}command.${CommandVerb}`;
type CommandVerb = 'send' | 'cancel';

/** A request that has no name of its own: its method and path. */
type UnnamedRequest = `${string} ${string}`;
