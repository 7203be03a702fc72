/** The changes that operators ask for, as the audit names them: the same over HTTP as on the files of a stopped hub. */
export type AuditAction =
  | 'clock.accept'
  | `command.${'send' | 'cancel'}`
  | `credential.${'add' | 'revoke' | 'rotate'}`
  | `device.${'add' | 'label' | 'enable' | 'disable' | 'remove'}`
  | `enrolment.${'create' | 'revoke' | 'approve' | 'deny'}`
  | `group.${'set' | 'remove'}`
  | `group-command.${'send' | 'cancel'}`
  | 'logout'
  | `operator.${'save' | 'remove'}`
  | `schedule.${'add' | 'pause' | 'remove'}`
  | 'session.end'
  | `token.${'create' | 'revoke'}`;
