import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { PG_VARIABLES, USED } from '../src/config/libpq.ts'
import { IGNORED, REFUSED } from '../src/config/libpq-unused.ts'
import { variables } from '../src/config/variables.ts'
import { createDatabase } from './database.ts'
import { logCalls } from './docs/log-calls.ts'
import {
  anchors,
  blocks,
  capture,
  type Document,
  documents,
  inlineCode,
  localLinks,
  read,
  tableRows,
} from './docs/markdown.ts'
import { ROOT } from './root.ts'
import { startService } from './service.ts'

const all = documents()
const readme = documentAt('README.md')
const operations = documentAt('docs/operations.md')

function documentAt(path: string): Document {
  const found = all.find((document) => document.path === path)
  if (found === undefined) throw new Error(`there is no document ${path}`)
  return found
}

/** The paths of the files below folders whose names end in one of these. */
function filesOf(folders: readonly string[], ...endings: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => endings.some((ending) => file.endsWith(ending)))
      .map((file) => join(folder, file)),
  )
}

/** The names of the folders in a folder. */
function foldersOf(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** The name of a metric in a text that begins with it, such as "name type". */
const nameIn = (text: string) => text.replace(/ .*/, '')

/** What is wanted and not there, sorted. */
function missing(wanted: Iterable<string>, there: Iterable<string>): string[] {
  const known = new Set(there)
  return [...new Set(wanted)].filter((name) => !known.has(name)).sort()
}

t.test('no document holds two versions of a text, as a merge leaves them', async (t) => {
  for (const { path } of all) t.notMatch(read(path), /^(?:<{7}|>{7})/m, path)
})

t.test('each link leads to a file, and to a heading of it', async (t) => {
  for (const document of all) {
    for (const { path, anchor } of localLinks(document)) {
      t.ok(existsSync(join(ROOT, path)), `${document.path} links ${path}`)
      if (anchor === undefined) continue
      t.ok(anchors(documentAt(path)).has(anchor), `${document.path} links ${path}#${anchor}`)
    }
  }
})

t.test('each document that the code names exists, with the heading', async (t) => {
  for (const file of filesOf(['src', 'plugins', 'deploy', 'bench'], '.ts', '.yml', '.yaml', '.sql')) {
    for (const reference of capture(read(file), /\bdocs\/[\w-]+\.md(?:#[\w-]+)?/g)) {
      const [path = '', anchor] = reference.split('#')
      const found =
        anchor === undefined ? existsSync(join(ROOT, path)) : anchors(documentAt(path)).has(anchor)
      t.ok(found, `${file} names ${reference}`)
    }
  }
})

t.test('each path exists', async (t) => {
  /** What a reader makes who follows a document, and what kubectl calls a Deployment. */
  const foreign = [
    'test/overdue-invoices.test.ts',
    'collectors/overdue-invoices.ts',
    'test/collectors/overdue-invoices.test.ts',
    'deploy/metrics-service',
  ]
  const folders = foldersOf('.').join('|').replaceAll('.', '\\.')
  const path = new RegExp(`(?<![\\w./-])(?:${folders})/[\\w./-]*`, 'g')
  for (const document of all) {
    const code = [...inlineCode(document), ...blocks(document, 'sh')].join('\n')
    for (const named of missing(capture(code, path), foreign)) {
      t.ok(existsSync(join(ROOT, named)), `${document.path} names ${named}`)
    }
  }
})

t.test('the drawing of the house has each stage and each plugin', async (t) => {
  const [drawing = ''] = blocks(documentAt('CONTRIBUTING.md'), '')
  const stages = capture(drawing, /(\w+)\/ /g).filter((name) => name !== 'src')
  t.strictSame(stages.sort(), foldersOf('src').sort(), 'the folders of src/')
  for (const file of readdirSync(join(ROOT, 'plugins')).filter((file) => file.endsWith('.ts'))) {
    t.match(drawing, new RegExp(`  ${file.replace('.ts', '')}\\b`), `plugins/${file}`)
  }
})

t.test('each npm script that is named exists, and each that exists is named', async (t) => {
  const code = all.flatMap((document) => [...inlineCode(document), ...blocks(document, '', 'sh')]).join('\n')
  const named = capture(code, /\bnpm (?:run (?:-s )?)?([a-z:]+)/g)
  const { scripts } = JSON.parse(read('package.json'))
  const own = Object.keys(scripts).filter((name) => !name.startsWith('pre'))
  t.strictSame(missing(named, [...own, 'ci', 'install', 'pack', 'pkg']), [], 'named, but not in package.json')
  t.strictSame(missing(own, named), [], 'in package.json, but named in no document')
})

t.test('each variable is described, and each that is described exists', async (t) => {
  /** That of the tests, that of another exporter, those of Node.js and OpenSSL, and of databases with a name. */
  const foreign = [
    ...['TEST_DATABASE_URL', 'DATA_SOURCE_NAME', 'SQL_ASCII', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
    ...['DATABASE_EU_USER', 'DATABASE_EU_PASSWORD_FILE', 'DATABASE_EU_WEST_USER', ...PG_VARIABLES],
  ]
  const names = Object.keys(variables)
  const table = tableRows(readme, '### Variables').flatMap(([cell = '']) => capture(cell, /`([A-Z_]+)`/g))
  t.strictSame(table.sort(), names.toSorted(), "the README's table")
  t.strictSame(capture(read('.env.example'), /^#?([A-Z_]+)=/gm).sort(), names.toSorted(), '.env.example')
  const guides = all.filter(({ path }) => path.startsWith('docs/')).flatMap(inlineCode)
  t.strictSame(missing(names, capture(guides.join('\n'), /\b[A-Z_]+\b/g)), [], 'named in no file of docs/')
  for (const { path, text } of all) {
    const used = capture(text, /\b[A-Z]+_[A-Z_]*[A-Z]\b/g)
    t.strictSame(missing(used, [...names, ...foreign]), [], `named in ${path}, but not a variable`)
  }
})

t.test('what becomes of each option and variable of libpq is described, and of no other', async (t) => {
  const codeOf = (cell: string) => capture(cell, /`(\w+)`/g)
  const rows = tableRows(operations, '## Options of a connection')
  const described = rows.flatMap(([names = '', , becomes = '']) =>
    codeOf(names).map((name) => [name, /^\w+/.exec(becomes)?.[0]]),
  )
  const options = Object.entries({ used: USED, ignored: IGNORED, refused: REFUSED }).flatMap(
    ([becomes, table]) => Object.keys(table).map((name) => [name, becomes]),
  )
  t.strictSame(described.sort(), options.sort())
  const table: Record<string, { variable?: string; takes?: string; why?: string }> = {
    ...USED,
    ...IGNORED,
    ...REFUSED,
  }
  for (const [names = '', variables = ''] of rows) {
    const own = codeOf(names).flatMap((name) => table[name]?.variable ?? [])
    t.strictSame(codeOf(variables), own, names)
  }
})

t.test('each metric is described, and each that is described exists', async (t) => {
  const { url } = await createDatabase(t)
  const folder = join(ROOT, 'collectors')
  const { app } = await startService(t, { DATABASE_URL: url }, { folder })
  await app.inject('/healthz')
  const electing = await startService(t, { DATABASE_URL: url, LEADER_ELECTION: 'true' }, { start: false })
  const pages = [await app.inject('/metrics'), await electing.app.inject('/metrics')]
  const shown = pages.flatMap(({ body }) => capture(body, /^# TYPE (\S+ \S+)$/gm))
  const families = shown.map(nameIn)

  const described = tableRows(readme, '## Metrics').flatMap(([names = '', type]) =>
    capture(names, /`(\w+)`/g).map((name) => `${name} ${type}`),
  )
  const isOwn = (family: string) => !/^(process|nodejs|http)_/.test(family)
  t.strictSame(missing(shown.filter(isOwn), described), [], "on the page, but not in the README's tables")
  t.strictSame(missing(described, shown), [], "in the README's tables, but not on the page")
  const known = [...described.map(nameIn), ...inlineCode(operations)]
  t.strictSame(
    missing(families, known),
    [],
    'on the page, but neither in the README nor in docs/operations.md',
  )

  const examples = filesOf(['cookbook'], '.ts').flatMap((file) => capture(read(file), /\bbusiness_\w+/g))
  const name = /(?<![\w:])(?:business|collection|collectors?|database|metrics_service)_\w+(?![\w:])/g
  // The document about importing names settings of other exporters.
  for (const document of all.filter(({ path }) => path !== 'docs/import.md')) {
    const text = [document.prose, ...blocks(document, '', 'sh', 'yaml', 'promql')].join('\n')
    const used = capture(text, name).map((name) => name.replace(/_(bucket|sum|count)$/, ''))
    t.strictSame(missing(used, [...families, ...examples]), [], `named in ${document.path}, but on no page`)
  }
})

t.test('each log line is described, and each that is described is written', async (t) => {
  /** These log a text that is made elsewhere. */
  const passedOn = ['plugins/collectors.ts']
  const described = tableRows(operations, '## Log lines').flatMap(([level, lines = '']) =>
    inlineCode({ prose: lines }).map((line) => `${level}: ${line}`),
  )
  const files = filesOf(['src', 'plugins'], '.ts')
  const calls = files.flatMap((file) => logCalls(read(file)).map((call) => ({ file, ...call })))
  for (const { file, level, texts } of calls) {
    t.ok(texts.length > 0 || passedOn.includes(file), `the log.${level}(…) in ${file} has a literal`)
    for (const text of texts) {
      t.ok(described.includes(`${level}: ${text}`), `docs/operations.md has ${level}: ${text} (${file})`)
    }
  }

  const written = calls.flatMap(({ level, texts }) => texts.map((text) => `${level}: ${text}`))
  const code = files.map((file) => read(file).replaceAll(/\$\{[^}]*\}/g, '…')).join('\n')
  for (const line of missing(described, written)) {
    const text = line.slice(line.indexOf(' ') + 1)
    t.ok(code.includes(text), `the code writes what docs/operations.md has: ${line}`)
  }
})

t.test('each alert has a runbook, and each runbook an alert', async (t) => {
  const alerts = filesOf(['deploy/prometheus/rules'], '.yml')
    .flatMap((file): { rules: { alert?: string }[] }[] => parse(read(file)).groups)
    .flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []))
  const [, runbooks = ''] = operations.prose.split('\n## Alerts\n')
  t.strictSame(capture(runbooks, /^### (\w+)$/gm).sort(), alerts.sort())
})

t.test('each recorded series that is named is recorded', async (t) => {
  const rules = ['recording', 'service'].map((name) => read(`deploy/prometheus/rules/${name}.yml`))
  const recorded = capture(rules.join('\n'), /record: (\S+)/g)
  for (const { path, text } of all) {
    t.strictSame(missing(capture(text, /\bjob\w*:\w+:\w+/g), recorded), [], path)
  }
})
