import type { Row } from 'postgres'
import type { Test } from 'tap'
import { type Service, startService } from '../service.ts'
import { createFolder, fixture } from './project.ts'

/** Imports a file and starts the service with what was written. */
export async function importInto(t: Test, url: string, file: string): Promise<Service> {
  const folder = createFolder(t)
  const { status, stderr } = folder.import(fixture(file), '--allow-loss')
  t.equal(status, 0, stderr)
  return startService(t, { DATABASE_URL: url }, { folder: folder.collectors })
}

/** The samples of some families, as the page has them; a query of the test's own has `name` and `value`. */
export async function same(
  t: Test,
  samples: Map<string, number>,
  family: RegExp,
  expected: PromiseLike<readonly Row[]>,
) {
  const got = [...samples].filter(([name]) => family.test(name)).map(([name, value]) => ({ name, value }))
  const byName = (a: Row, b: Row) => (a.name < b.name ? -1 : 1)
  t.same(got.sort(byName), [...(await expected)].sort(byName))
}
