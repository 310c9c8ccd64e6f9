/** An option that changes nothing here: one of libpq, or one that providers and other clients add. */
interface Ignored {
  readonly variable?: string
}

/** Given with one of these values, an option that is not supported changes nothing. */
interface Refused {
  readonly variable?: string
  /** Why it is not supported, or what to write in its place. */
  readonly why: string
  readonly unless?: readonly string[]
}

/** Options that change nothing: they are named in the log, and that is all. */
export const IGNORED: Readonly<Record<string, Ignored>> = {
  // How libpq keeps a connection alive. The service has deadlines of its own for everything that it asks.
  keepalives: {},
  keepalives_idle: {},
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},
  // libpq's last resort for a name, an encoding that is UTF-8 here in any case, and a compression that no TLS has.
  fallback_application_name: {},
  client_encoding: { variable: 'PGCLIENTENCODING' },
  sslcompression: { variable: 'PGSSLCOMPRESSION' },
  max_protocol_version: { variable: 'PGMAXPROTOCOLVERSION' },
  // For Kerberos alone.
  krbsrvname: { variable: 'PGKRBSRVNAME' },
  gsslib: { variable: 'PGGSSLIB' },
  gssdelegation: { variable: 'PGGSSDELEGATION' },
  // For the poolers of Prisma and Supabase, node-postgres, SQLAlchemy and asyncpg, pgx, JDBC.
  pgbouncer: {},
  supa: {},
  connection_limit: {},
  pool_timeout: {},
  socket_timeout: {},
  max_idle_connection_lifetime: {},
  statement_cache_size: {},
  statement_cache_mode: {},
  statement_cache_capacity: {},
  prepared_statement_cache_size: {},
  default_query_exec_mode: {},
  pool_max_conns: {},
  pool_min_conns: {},
  pool_mode: {},
  uselibpqcompat: {},
  single_use_connections: {},
}

const KERBEROS = 'the service does not speak Kerberos'
const OAUTH =
  'the service does not speak OAuth: DATABASE_PASSWORD_COMMAND may fetch a token that is a password'
const KEYS = 'give the password'

/** Options that would change something, and cannot. */
export const REFUSED: Readonly<Record<string, Refused>> = {
  service: { variable: 'PGSERVICE', why: 'service files are not read: write its options here' },
  servicefile: { variable: 'PGSERVICEFILE', why: 'service files are not read: write its options here' },
  gssencmode: { variable: 'PGGSSENCMODE', why: `${KERBEROS}: use sslmode`, unless: ['disable', 'prefer'] },
  load_balance_hosts: {
    variable: 'PGLOADBALANCEHOSTS',
    why: 'the service stays with one host as long as it is fit, so that values of a round agree with the last',
    unless: ['disable'],
  },
  min_protocol_version: {
    variable: 'PGMINPROTOCOLVERSION',
    why: 'the service speaks version 3.0 of the protocol',
    unless: ['3.0'],
  },
  replication: { why: 'the service asks queries', unless: ['0', 'false', 'off', 'no'] },
  requirepeer: {
    variable: 'PGREQUIREPEER',
    why: 'Node.js does not tell who is at the other end of a Unix socket',
  },
  schema: { why: 'write search_path', unless: ['public'] },
  sslcrldir: { variable: 'PGSSLCRLDIR', why: 'write sslcrl, with a file' },
  sslkeylogfile: { why: 'it would write down the keys of the encryption' },
  scram_client_key: { why: KEYS },
  scram_server_key: { why: KEYS },
  oauth_issuer: { why: OAUTH },
  oauth_client_id: { why: OAUTH },
  oauth_client_secret: { why: OAUTH },
  oauth_scope: { why: OAUTH },
}
