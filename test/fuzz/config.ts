import fc from 'fast-check'
import { ConfigError, type Environment, linesOf, readConfig } from '../../src/config/read.ts'
import { NAMES } from '../../src/config/variables.ts'
import { mutated } from './mutation.ts'
import { fuzz } from './property.ts'

// Environments: each is a configuration, or lines that say what is wrong with it and hold no secret.

/** Occurs in the password of each URL and in each token, and nowhere else. */
const SECRET = 'hush5ecret'

const URLS = [
  `postgres://metrics:${SECRET}@db:5432/app`,
  `postgresql://metrics:${SECRET}%40@h1:5432,h2,[::1]:5433/app?sslmode=verify-full&target_session_attrs=standby`,
  `eu=postgres://metrics:${SECRET}@eu/app us=postgres://metrics:${SECRET}@us/app?search_path=a,b&connect_timeout=3`,
  `postgres://metrics:${SECRET}@%2Frun%2Fpostgresql/app?sslrootcert=system&application_name=x`,
]
const TEXTS = [
  '60s',
  '0',
  '1h30m',
  '24h',
  '9993',
  '-1',
  '0.5',
  '1e3',
  'true',
  'false',
  'all',
  'counters',
  'info',
  '127.0.0.1',
  '0.0.0.0',
  '::1',
  'a,b,c',
  '/no/such/file',
]

/** Nothing moves the password to another place of its URL, such as an option, where it could be shown. */
const urls = mutated(URLS, { others: URLS.map((url) => url.replaceAll(SECRET, 'another')) })

const textOf = (name: string): fc.Arbitrary<string> => {
  if (name === 'DATABASE_URL') return urls
  if (name.endsWith('_TOKEN')) return mutated([`${SECRET}-${SECRET}`])
  return fc.oneof(
    { weight: 4, arbitrary: mutated(TEXTS, { most: 3 }) },
    fc.string({ unit: 'binary', maxLength: 3000 }),
  )
}

const environments = fc.record({
  environment: fc.record(Object.fromEntries(NAMES.map((name) => [name, textOf(name)])), {
    requiredKeys: ['DATABASE_URL'],
  }),
  file: fc.option(fc.oneof(urls, mutated([`${SECRET}-${SECRET}\n`]))),
})

/** Pieces of the secret that are long enough to be no coincidence. */
const pieces = [SECRET, SECRET.slice(0, 6), SECRET.slice(-6)]

await fuzz(
  'config',
  environments,
  ({ environment, file }: { environment: Environment; file: string | null }) => {
    const readFile = () => {
      if (file === null) throw new Error('ENOENT')
      return file
    }
    try {
      const { databases } = readConfig(environment, readFile)
      if (databases.some(({ url }) => url.endpoints.length === 0))
        throw new Error('a database has no endpoint')
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const lines = linesOf(error)
      if (lines.length === 0) throw new Error('the error says nothing', { cause: error })
      for (const line of lines) {
        if (line.includes('\n')) throw new Error('a line of the error is several', { cause: error })
        if (pieces.some((piece) => line.includes(piece)))
          throw new Error('the error tells a secret', { cause: error })
      }
    }
  },
)
