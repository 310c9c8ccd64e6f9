import { usedNames } from './names.ts'

/**
 * Functions of PostgreSQL and its extensions that change something, some of them in a read-only transaction, too: sequences,
 * large objects, notifications, statistics, slots, other sessions and the server.
 * https://www.postgresql.org/docs/current/functions-admin.html
 */
const CHANGES = [
  /^(nextval|setval|pg_notify|dblink_exec|lo_(creat|create|unlink|put|from_bytea|import|export|truncate|truncate64)|lowrite)$/,
  /^pg_(cancel_backend|terminate_backend|reload_conf|rotate_logfile|promote|switch_wal|create_restore_point)$/,
  /^pg_(create|drop|copy|advance)_\w+_slot$|^pg_replication_slot_advance$|^pg_logical_(emit_message|slot_get_\w+)$/,
  /^pg_(replication_origin_(create|drop|advance)|wal_replay_(pause|resume)|(start|stop)_backup|backup_(start|stop))$/,
]

/** The first function that a statement calls and that changes something, by its name; undefined when it calls none. */
export function changingCall(statement: string): string | undefined {
  return usedNames(statement).find(
    ({ as, name }) => as === 'call' && (resets(name) || CHANGES.some((names) => names.test(name))),
  )?.name
}

/** Whether a function resets statistics, such as pg_stat_reset and pg_stat_reset_slru; pg_stat_get_… says when that was. */
function resets(name: string): boolean {
  if (!name.startsWith('pg_') || name.startsWith('pg_stat_get_')) return false
  return name.endsWith('reset') || name.includes('reset_')
}
