import t from 'tap'
import { Dialect } from '../../../plugins/db/dialect.ts'
import { beginStatements, restrictStatements } from '../../../plugins/db/transaction.ts'
import { OWN_SETTINGS } from '../../../src/config/session-options.ts'
import { settingsOf } from '../../../src/config/shown.ts'
import { createDatabase } from '../../database.ts'
import { startService } from '../../service.ts'

t.test('what a session sets itself cannot be set in options of a connection', async (t) => {
  const dialect = new Dialect(() => {})
  const statements = `${beginStatements({ statementTimeout: 1 }, dialect)}; ${restrictStatements(1, dialect)}`
  const names = Array.from(statements.matchAll(/\bSET (?:LOCAL )?(\w+) =/g), ([, name = '']) => name)
  // The search_path may be set: it becomes that of each transaction.
  const own = new Set([...names, 'application_name', 'client_encoding', 'search_path'])
  t.strictSame([...own].sort(), [...OWN_SETTINGS, 'search_path'].sort())
})

t.test('what is given and changes nothing is said once, at the start', async (t) => {
  const { url } = await createDatabase(t)
  const service = await startService(t, {
    DATABASE_URL: `${url}?pgbouncer=true&keepalives=1`,
    PGSSLCOMPRESSION: '0',
    PGHOST: 'elsewhere',
  })
  await service.round()
  const said = service.log.map(({ msg }) => msg).filter((msg) => msg.endsWith('changes nothing'))
  t.strictSame(said.sort(), [
    'PGSSLCOMPRESSION is given for the connection, and changes nothing',
    'keepalives is given for the connection, and changes nothing',
    'pgbouncer is given for the connection, and changes nothing',
  ])
})

t.test('a password beside a URL, and a command for one, are not shown', async (t) => {
  const { url } = await createDatabase(t)
  const own = new URL(url)
  const [user, password] = [own.username, decodeURIComponent(own.password)]
  own.username = ''
  own.password = ''
  for (const secret of [
    { DATABASE_PASSWORD: password },
    { DATABASE_PASSWORD_COMMAND: `echo '${password}'` },
    { PGPASSWORD: password },
  ]) {
    const env = { DATABASE_URL: own.href, DATABASE_USER: user, ...secret }
    const { app, database } = await startService(t, env)
    t.equal(database.db.votes, 1, 'it is used')
    t.notMatch(JSON.stringify(settingsOf(app.environment, app.config)), password)
  }
})
