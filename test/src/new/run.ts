import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import type { Environment } from '../../../src/config/read.ts'
import { create } from '../../../src/new/command.ts'
import { createDatabase } from '../../database.ts'
import { TestIo } from '../../io.ts'
import { createShop } from './shop.ts'

/** What `new` did: its exit code, what it wrote to its streams, and the file. */
interface Made {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Undefined when it wrote none. */
  readonly file: string | undefined
}

interface Shop {
  readonly url: string
  readonly folder: string
  readonly sql: Awaited<ReturnType<typeof createDatabase>>['sql']
  /** Calls `new` with these arguments, the first of which is the name. */
  run(args: readonly string[], input?: Input, env?: Environment): Promise<Made>
}

/** What is read, or typed on a terminal: a line for each question. */
type Input = { readonly text: string } | { readonly typed: readonly string[]; readonly ends?: boolean }

/** A shop's database, and a folder for collectors of it. */
export async function openShop(t: Test): Promise<Shop> {
  const { url, sql } = await createDatabase(t, { schema: false })
  await createShop(sql)
  const folder = t.testdir({})
  return {
    url,
    sql,
    folder,
    async run(args, input, env = {}) {
      const { stdout, stderr } = new TestIo()
      const isTTY = input !== undefined && 'typed' in input
      const stdin = Object.assign(new PassThrough(), { isTTY })
      if (input !== undefined && 'text' in input) stdin.end(input.text)
      if (isTTY) answer(stdin, stderr, [...input.typed], input.ends)
      const io = { stdout, stderr: Object.assign(stderr, { isTTY }), ...(input && { stdin }) }
      const code = await create([...args, '--folder', folder], io, (options) =>
        buildApp({ env: { DATABASE_URL: url, ...env }, ...options }),
      )
      const path = join(folder, `${args[0]}.ts`)
      const file = existsSync(path) ? readFileSync(path, 'utf8') : undefined
      return { code, stdout: stdout.text, stderr: stderr.text, file }
    },
  }
}

/** Types the next line whenever a question is asked. */
function answer(stdin: PassThrough, stderr: TestIo['stderr'], typed: string[], ends = false): void {
  const write = stderr.write.bind(stderr)
  stderr.write = (text: unknown, ...rest: never[]) => {
    if (String(text).endsWith(']: '))
      setImmediate(() => (ends ? stdin.end() : stdin.write(`${typed.shift() ?? ''}\n`)))
    return write(text, ...rest)
  }
}
