// Init: makes a folder of collectors of one's own. Imports src/ only.
import { constants, copyFileSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { type ExitCode, FAILED, type Io, OK, runCommand, UsageError } from '../src/config/arguments.ts'
import { print } from '../src/config/print.ts'
import { describeError } from '../src/finding.ts'
import { filesOf } from './files.ts'
import { type Archive, pack, serviceOf } from './service.ts'

const COMMAND = {
  usage: `Usage: init FOLDER [option …]

Makes a folder of collectors of your own: one that runs on any PostgreSQL, a test of it, types for your editor, and .env.
It overwrites nothing.

  --docker      add a Dockerfile: your collectors in the image of the service
  --kubernetes  add a kustomization: your collectors in a ConfigMap, which the Deployment of the service mounts, and
                in monitoring/ the alerts and the dashboard of the service
  --help        show this

Exit code: 0 when all is written, 1 when nothing is, 2 when the arguments are not understood.
`,
  options: {
    docker: { type: 'boolean', default: false },
    kubernetes: { type: 'boolean', default: false },
  },
  allowPositionals: true,
} as const

/** Makes a folder of collectors, or says which files are in the way and writes nothing. */
export function init(args: readonly string[], io: Io): Promise<ExitCode> {
  return runCommand(args, io, COMMAND, async ({ values, positionals }) => {
    const [name, ...more] = positionals
    if (name === undefined || more.length > 0) throw new UsageError('Name one folder')
    const folder = resolve(name)
    try {
      const { reference, archive } = serviceOf()
      const files = filesOf(folder, reference, values)
      const paths = [...files.keys(), ...(archive === undefined ? [] : [archive.name])]
      const there = paths.filter((path) => isThere(join(folder, path)))
      if (there.length > 0) {
        print(
          io.stderr,
          `nothing was written, because this is in the way in ${folder}: ${there.join(', ')}\n`,
        )
        return FAILED
      }
      mkdirSync(folder, { recursive: true })
      if (archive !== undefined) fetchArchive(archive, folder)
      for (const [path, text] of files) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text, { flag: 'wx' })
      }
      print(io.stdout, said(folder, paths, archive?.name))
      return OK
    } catch (error) {
      print(io.stderr, `${describeError(error)}\n`)
      return FAILED
    }
  })
}

/** Whether something is at a path: a link that leads nowhere is. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function fetchArchive({ name, source }: Archive, folder: string): void {
  if (source === undefined) pack(folder)
  else copyFileSync(source, join(folder, name), constants.COPYFILE_EXCL)
}

function said(folder: string, paths: readonly string[], archive: string | undefined): string {
  const place = relative('', folder)
  const own =
    archive === undefined ? '' : `\n${archive} is the service itself: keep it beside package.json.\n`
  return `Written to ${folder}:
${paths.map((path) => `  ${path}\n`).join('')}${own}
Set DATABASE_URL in .env, and then:
  ${place === '' ? '' : `cd ${place.includes(' ') ? `'${place}'` : place} && `}npm install && npm test && npm run check && npm start
`
}
