import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { check } from '../../src/check/command.ts'
import type { Report } from '../../src/check/report.ts'
import { loadFolder } from '../../src/contract/folder.ts'
import { type Finding, findingOf } from '../../src/finding.ts'
import { createDatabase } from '../database.ts'
import { TestIo } from '../io.ts'
import { startService } from '../service.ts'
import { type Section, sectionsOf } from './section.ts'

const SCHEMA = readFileSync(new URL('schema.sql', import.meta.url), 'utf8')
const mistakes = sectionsOf('mistakes.txt')
const ran = mistakes.filter(({ kind }) => kind === 'error' || kind === 'warning')
const named = new Map([['name-unlike-the-file', 'another']])
const nameOf = ({ name }: Section) => named.get(name) ?? name

/** A database with the tables of the schema, as a role that may read all of them but one. */
async function createShop(t: Test): Promise<string> {
  const { url, sql } = await createDatabase(t, { schema: false })
  const role = `mistakes_${randomBytes(4).toString('hex')}`
  await sql.unsafe(`${SCHEMA}
    CREATE SEQUENCE shop.numbers;
    CREATE ROLE ${role} LOGIN PASSWORD 'reader';
    GRANT SELECT, DELETE, UPDATE ON ALL TABLES IN SCHEMA public, shop TO ${role};
    GRANT USAGE ON SCHEMA shop TO ${role};
    GRANT USAGE ON SEQUENCE shop.numbers TO ${role};
    REVOKE ALL ON secret FROM ${role}`)
  t.teardown(() => sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`))
  const as = new URL(url)
  as.username = role
  as.password = 'reader'
  return as.href
}

function folderOf(t: Test, sections: readonly Section[]): string {
  return t.testdir(Object.fromEntries(sections.map(({ name, source }) => [`${name}.ts`, source])))
}

/** Whether a finding says what is expected, at its place and with its advice. */
function isExpected({ problem, advice, place }: Finding, of: Section): boolean {
  return (
    problem.includes(of.says) &&
    (of.advice === undefined || advice?.includes(of.advice) === true) &&
    (of.line === undefined || (place?.line === of.line && place.column === of.column)) &&
    (of.line === undefined || place?.file?.endsWith(`${of.name}.ts`) === true)
  )
}

t.test(
  'each mistake in a query is said by check and by the service, with its place and what to write',
  async (t) => {
    const url = await createShop(t)
    const folder = folderOf(t, ran)
    const io = new TestIo()
    const build = (options: object) => buildApp({ env: { DATABASE_URL: url }, ...options })
    t.equal(await check(['--json', '--folder', folder], io, build), 1)
    const document: { collectors: readonly (Report & { verdict: string })[] } = JSON.parse(io.stdout.text)
    const reports = new Map(document.collectors.map((report) => [report.name, report]))
    const service = await startService(t, { DATABASE_URL: url, LOG_VALUES: 'true' }, { folder })
    const page = await service.scrape()
    for (const section of ran) {
      const name = nameOf(section)
      const report = reports.get(name)
      t.equal(report?.verdict, section.kind, `check of ${name}`)
      const findings = section.kind === 'error' ? report?.errors : report?.warnings
      t.ok(
        findings?.some((finding) => isExpected(finding, section)),
        `${name}: ${JSON.stringify({ expected: { ...section, source: undefined }, findings }, undefined, 1)}`,
      )
      const success = page.get(`collector_success{collector="${name}"}`)
      const said = service.log.filter(({ collector }) => collector === name)
      const ofService = said.some(({ msg }) => msg.includes(section.says))
      if (section.kind === 'error') t.ok(ofService, `the service on ${name}: ${JSON.stringify(said)}`)
      else t.equal(success, 1, `the service runs ${name}`)
    }
    t.equal((await service.app.inject('/healthz')).statusCode, 200)
    t.equal(reports.size, ran.length)
  },
)

for (const section of mistakes.filter(({ kind }) => kind === 'load')) {
  t.test(`${section.name}: a file that cannot be loaded is said with its place`, async (t) => {
    const folder = folderOf(t, [section])
    const error: unknown = await loadFolder(folder).catch((error: unknown) => error)
    const finding = findingOf(error)
    t.ok(finding.problem.includes(join(folder, `${section.name}.ts`)), finding.problem)
    t.ok(isExpected(finding, section), JSON.stringify({ ...section, finding }, undefined, 1))
  })
}

for (const section of mistakes.filter(({ kind }) => kind === 'start')) {
  t.test(`${section.name}: a collector that does not fit is said`, async (t) => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
    const error: unknown = await buildApp({ env, folder: folderOf(t, [section]), logger: false }).catch(
      (error: unknown) => error,
    )
    t.match(findingOf(error).problem, section.says)
  })
}

t.test('there are more than a hundred kinds of mistakes, each with a name of its own', async (t) => {
  t.ok(mistakes.length > 100, String(mistakes.length))
  t.equal(new Set(mistakes.map(({ name }) => name)).size, mistakes.length)
})
