import t from 'tap'
import { openFolder } from '../../plugins/collectors.ts'
import { buildApp } from '../../src/app.ts'
import { type Finding, findingOf } from '../../src/finding.ts'
import { startService } from '../service.ts'
import { type Section, sectionsOf } from './section.ts'
import { createShop, folderOf, reportsOn } from './shop.ts'

const mistakes = sectionsOf('mistakes.txt')
const ran = mistakes.filter(({ kind }) => kind === 'error' || kind === 'warning')
const named = new Map([['name-unlike-the-file', 'another']])
const nameOf = ({ name }: Section) => named.get(name) ?? name

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
    const reports = await reportsOn(url, folder)
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
    const { loaded } = await openFolder(folder)
    const finding = findingOf(loaded.files[0]?.problem)
    t.ok(finding.problem.includes(`${section.name}.ts`), finding.problem)
    t.ok(isExpected(finding, section), JSON.stringify({ ...section, finding }, undefined, 1))
  })
}

for (const section of mistakes.filter(({ kind }) => kind === 'start')) {
  t.test(`${section.name}: a collector that does not fit is said`, async (t) => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
    const app = await buildApp({ env, folder: folderOf(t, [section]), logger: false })
    t.match(app.reloads.last.problems.join('\n'), section.says)
    await app.close()
  })
}

t.test('there are more than a hundred kinds of mistakes, each with a name of its own', async (t) => {
  t.ok(mistakes.length > 100, String(mistakes.length))
  t.equal(new Set(mistakes.map(({ name }) => name)).size, mistakes.length)
})
