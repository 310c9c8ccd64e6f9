/**
 * Which sessions are fit for collection, as libpq's `target_session_attrs`.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
 */
export const SESSION_ATTRS = [
  'any',
  'read-only',
  'read-write',
  'primary',
  'standby',
  'prefer-standby',
] as const
export type SessionAttrs = (typeof SESSION_ATTRS)[number]

/** The role of a server, as far as `target_session_attrs` depends on it. */
export interface Role {
  readonly inRecovery: boolean
  readonly readOnly: boolean
}

/** Returns whether a server with this role may serve a session with these attributes. */
export function isFit(role: Role, attrs: SessionAttrs): boolean {
  switch (attrs) {
    case 'read-only':
      return role.readOnly || role.inRecovery
    case 'read-write':
      return !role.readOnly && !role.inRecovery
    case 'primary':
      return !role.inRecovery
    case 'standby':
      return role.inRecovery
    case 'any':
    case 'prefer-standby':
      return true
  }
}
