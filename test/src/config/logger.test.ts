import t, { type Test } from 'tap'
import { openLogger } from '../../../src/config/logger.ts'

async function write(format: 'json' | 'pretty', fields: object, message: string): Promise<string> {
  let text = ''
  const stream = {
    write(line: string) {
      text += line
    },
  }
  const log = await openLogger(format, 'info', stream)
  log.error(fields, message)
  return text
}

/** What a terminal would obey. */
function isHarmless(t: Test, text: string): void {
  t.notMatch(text, /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
}

t.test('a line of JSON has the name of its level and a time of ISO 8601', async (t) => {
  const line = JSON.parse(
    await write('json', { collector: 'one', err: { code: '42501' } }, 'collector failed'),
  )
  t.match(line, { level: 'error', collector: 'one', err: { code: '42501' }, msg: 'collector failed' })
  t.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

t.test('a line for people has its time, level, what it is about and its excerpt', async (t) => {
  const fields = {
    event: 'failed',
    database: 'eu',
    collector: 'one',
    err: { code: '42501' },
    excerpt: 'SELECT\n^',
  }
  const text = await write('pretty', fields, 'collector failed: no')
  t.match(text, /^\[\d\d:\d\d:\d\d\] ERROR: eu\/one: collector failed: no\n {4}SELECT\n {4}\^\s*$/)
})

t.test('a text with a line break begins no line of the log', async (t) => {
  const text = await write('pretty', { collector: 'one' }, 'failed: no\n[12:00:00] INFO: all is well')
  t.match(text, /^\[.*failed: no\n {4}\[12:00:00\] INFO: all is well\s*$/)
})

t.test('a line for people has the stack of an error of the service itself', async (t) => {
  t.match(await write('pretty', { err: new Error('broken') }, 'round failed'), /logger\.test\.ts:\d+/)
})

t.test('no line makes a terminal do anything, and its JSON is the same document', async (t) => {
  const attack = '\x1b]0;pwned\x07\r\x9b2J\u202e\u2028'
  for (const format of ['json', 'pretty'] as const) {
    isHarmless(t, await write(format, { collector: attack }, `failed: ${attack}`))
  }
  t.equal(JSON.parse(await write('json', {}, attack)).msg, attack)
})
