import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { check } from '../../src/check/command.ts'
import type { Report, Verdict } from '../../src/check/report.ts'
import { createDatabase } from '../database.ts'
import { TestIo } from '../io.ts'
import type { Section } from './section.ts'

const SCHEMA = readFileSync(new URL('schema.sql', import.meta.url), 'utf8')

/** A database with the tables of the schema, as a role that may read all of them but one. */
export async function createShop(t: Test): Promise<string> {
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

/** A folder with a file for each section. */
export function folderOf(t: Test, sections: readonly Section[]): string {
  return t.testdir(Object.fromEntries(sections.map(({ name, source }) => [`${name}.ts`, source])))
}

/** What check says of each collector of a folder, by its name. */
export async function reportsOn(
  url: string,
  folder: string,
  ...args: string[]
): Promise<ReadonlyMap<string, Report & { readonly verdict: Verdict }>> {
  const io = new TestIo()
  const build = (options: object) => buildApp({ env: { DATABASE_URL: url }, ...options })
  await check(['--json', '--no-types', '--folder', folder, ...args], io, build)
  const document: { collectors: readonly (Report & { verdict: Verdict })[] } = JSON.parse(io.stdout.text)
  return new Map(document.collectors.map((report) => [report.name, report]))
}
