import { usedNames } from './names.ts'

/**
 * Functions of PostgreSQL and its extensions that change something, some of them in a read-only transaction, too: sequences,
 * large objects, notifications, statistics, slots, other sessions and the server.
 * https://www.postgresql.org/docs/current/functions-admin.html
 */
const CHANGES = [
  /^(nextval|setval|pg_notify|dblink_exec|lo_(creat|create|unlink|put|from_bytea|import|export|truncate|truncate64)|lowrite)$/,
  /^pg_(?!stat_get_)\w*_?reset(_\w+)?$/,
  /^pg_(cancel_backend|terminate_backend|reload_conf|rotate_logfile|promote|switch_wal|create_restore_point)$/,
  /^pg_(create|drop|copy|advance)_\w+_slot$|^pg_replication_slot_advance$|^pg_logical_(emit_message|slot_get_\w+)$/,
  /^pg_(replication_origin_(create|drop|advance)|wal_replay_(pause|resume)|(start|stop)_backup|backup_(start|stop))$/,
]

/** The first function that a statement calls and that changes something, by its name; undefined when it calls none. */
export function changingCall(statement: string): string | undefined {
  return usedNames(statement).find(
    ({ as, name }) => as === 'call' && CHANGES.some((names) => names.test(name)),
  )?.name
}
