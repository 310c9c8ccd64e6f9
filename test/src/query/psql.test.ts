import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import type { PendingQuery, Row } from 'postgres'
import t from 'tap'
import { sendable, tagOf } from '../../../src/query/tag.ts'
import { createDatabase } from '../../database.ts'
import { lacks } from '../../program.ts'

const PLAIN = ['a', '1', 'é', '🦀', ' ', '\n', '\t', '"', '`', '%', '_', '#', '@', '$', '$1', '{', '}', '--']
const BACKSLASHES = [
  '\\',
  '\\\\',
  '\\d+',
  '\\1',
  '\\.',
  '\\n',
  '\\u0041',
  '\\x41',
  '\\0',
  '\\8',
  '\\$',
  '\\{',
]
/** What a backslash may begin in a text with escapes, and in one with those of Unicode. */
const ESCAPES = [
  '\\\\',
  '\\n',
  '\\t',
  '\\b',
  '\\f',
  '\\101',
  '\\x41',
  '\\u00e9',
  '\\U0001F980',
  '\\d',
  "\\'",
  '\\%',
]
const UNICODE = ['\\\\', '\\0041', '\\+01F980', '\\00e9']

const of = (...tokens: readonly string[]) =>
  fc.array(fc.constantFrom(...tokens), { maxLength: 6 }).map((list) => list.join(''))
const withoutQuotes = (text: string) => text.replaceAll('"', '')

/** Every way to write a text, a name or a comment in SQL: https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
const expression = fc.oneof(
  of(...PLAIN, ...BACKSLASHES, "''").map((body) => `'${body}'`),
  of(...PLAIN, ...ESCAPES, "''").map((body) => `E'${body}'`),
  of(...PLAIN, ...UNICODE, "''").map((body) => `U&'${body}'`),
  of(...PLAIN, ...BACKSLASHES, "'").map((body) => `$tag$${body}$tag$`),
  of(...PLAIN, ...BACKSLASHES, "'").map(
    (body) => `(SELECT row_to_json(v) FROM (VALUES (1)) AS v ("x${withoutQuotes(body)}"))`,
  ),
  of(...PLAIN, ...BACKSLASHES, "'").map((body) => `/* ${body} */ 'after a comment'`),
  of(...BACKSLASHES, 'a').map((body) => `regexp_replace('a1\\b2', '${body}', '[\\&]', 'g')`),
  of(...BACKSLASHES, 'a').map((body) => `'\\x${Buffer.from(body).toString('hex')}'::bytea`),
)

/** The texts of expressions in hexadecimal, or the error of one that there is not. */
const statementOf = (sql: string) => `SELECT encode(convert_to((${sql})::text, 'UTF8'), 'hex') AS hex`

/** A template has a backslash before each backtick and each placeholder, so that no odd number of them can be written. */
const isWritable = (text: string) => !/(?<!\\)(?:\\\\)*\\(?:`|\$\{)/.test(text)

function askTag(tag: ReturnType<typeof tagOf>, text: string): PendingQuery<Row[]> {
  const source = text.replaceAll(/`|\$\{/g, '\\$&')
  return Function('sql', `return sql\`${source}\``)(tag) as PendingQuery<Row[]>
}

t.test(
  'a text gives the rows that psql gives for it, whatever escapes are in it',
  { skip: lacks('psql', 'postgresql-client') },
  async (t) => {
    const { sql, url } = await createDatabase(t, { schema: false })
    const texts = fc.sample(expression, 1000).filter(isWritable).map(statementOf)
    t.ok(texts.length > 500)
    const options = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=VERBOSITY=sqlstate']
    const { output, error } = spawnSync('psql', [...options, url], {
      // Errors and rows are told apart by the lines that follow each statement.
      input: texts.map((text) => `${text};\n\\echo ;\n\\warn ;\n`).join(''),
      encoding: 'utf8',
      env: { ...process.env, PGCLIENTENCODING: 'UTF8' },
    })
    if (error !== undefined) throw error
    const [, rows = [], errors = []] = output.map((text) => (text ?? '').split(/;\n/))
    const ours = texts.map((text) =>
      sendable(askTag(tagOf(sql), text)).then(
        ([row]) => [text, row?.hex],
        ({ code }) => [text, code],
      ),
    )
    const theirs = texts.map((text, i) => {
      const [, code] = /ERROR: +(\w+)/.exec(errors[i] ?? '') ?? []
      return [text, code ?? rows[i]?.trimEnd()]
    })
    t.strictSame(await Promise.all(ours), theirs)
    t.ok(theirs.filter(([, hex]) => /^[\da-f]+$/.test(hex ?? '')).length > 400, 'most are texts')
  },
)
