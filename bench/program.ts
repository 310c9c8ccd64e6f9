import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** How to run a program: arguments of Node.js, its own, and its environment. */
export interface Run {
  readonly flags?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** A program of the benchmark in a process of its own, which is asked one thing at a time. */
export class Program<Question> {
  /** Where it serves, if it does. */
  readonly port: number
  readonly pid: number
  readonly #child: ChildProcess
  readonly #gone: Promise<never>

  private constructor(child: ChildProcess, gone: Promise<never>, port = 0) {
    this.#child = child
    this.#gone = gone
    this.port = port
    this.pid = child.pid ?? 0
  }

  /** Starts a file of this folder. Resolves when it is ready, and rejects when it ends before. */
  static async start<Question>(file: string, { flags = [], args = [], env = {} }: Run = {}) {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...env },
      execArgv: [...flags],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const gone = once(child, 'exit').then(([code, signal]): never => {
      throw new Error(`${file} ended with ${code ?? signal}`)
    })
    // It ends sooner or later: that is an error only for code that waits for it.
    gone.catch(() => {})
    const [ready] = await Promise.race([once(child, 'message'), gone])
    return new Program<Question>(child, gone, ready.port)
  }

  /** The answer to a question, of the shape that the program gives it. */
  async ask<Answer>(question: Question & object): Promise<Answer> {
    const answered = once(this.#child, 'message')
    this.#child.send(question)
    const [answer] = await Promise.race([answered, this.#gone])
    return answer
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.#gone.catch(() => {})
  }
}

/** How `npm start` runs the service: the arguments and the environment that its script gives Node.js. */
export async function startOptions(): Promise<Required<Pick<Run, 'flags' | 'env'>>> {
  const { scripts } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  const words: string[] = scripts.start.split(' ')
  const variables = words.flatMap((word) => [...word.matchAll(/^([A-Z_]+)=(.*)$/g)])
  return {
    flags: words.filter((word) => word.startsWith('--')),
    env: Object.fromEntries(variables.map(([, name, value]) => [name, value])),
  }
}
