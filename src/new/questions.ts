import { createInterface } from 'node:readline/promises'
import type { Io } from '../config/arguments.ts'
import { print, printable } from '../config/print.ts'
import { readLabel } from './answers.ts'
import type { Draft, DraftLabel, DraftMetric } from './draft.ts'

/** Asks people on a terminal. An empty answer takes what is proposed. */
export class Questions {
  readonly #io: Io
  readonly #terminal: ReturnType<typeof createInterface>
  /** Rejects when nobody answers any more: by Ctrl-C or Ctrl-D, or because the terminal is gone. */
  readonly #gone: Promise<never>

  constructor(io: Io & { readonly stdin: NodeJS.ReadableStream }) {
    this.#io = io
    this.#terminal = createInterface({ input: io.stdin, output: io.stderr })
    const { promise, reject } = Promise.withResolvers<never>()
    this.#terminal.once('close', () => reject(new Error('there were no more answers')))
    // It may be so when nothing is asked any more.
    promise.catch(() => {})
    this.#gone = promise
  }

  close(): void {
    this.#terminal.close()
  }

  /** Asks what matters most: what labels have, and what metrics are called. */
  async about(draft: Draft): Promise<Draft> {
    print(this.#io.stderr, 'Enter takes what is in brackets.\n')
    const labels: DraftLabel[] = []
    for (const label of draft.labels) labels.push(await this.#label(label))
    const metrics: DraftMetric[] = []
    for (const metric of draft.metrics) {
      const name = await this.text(`metric`, metric.name)
      metrics.push({ ...metric, name, help: await this.text(`help of ${name}`, metric.help) })
    }
    return { ...draft, labels, metrics }
  }

  async #label(label: DraftLabel): Promise<DraftLabel> {
    const proposed = label.values?.join(',') ?? `open(${label.limit})`
    for (;;) {
      const text = await this.text(`label ${label.name}, its values or open(20)`, proposed)
      const answer = text === proposed ? label : readLabel(text)
      if (answer !== undefined) return { ...label, ...answer }
      print(this.#io.stderr, 'it takes open(20), or a list such as a,b,c\n')
    }
  }

  async text(question: string, proposed: string): Promise<string> {
    const asked = this.#terminal.question(printable(`${question} [${proposed}]: `))
    const answer = await Promise.race([asked, this.#gone])
    return answer.trim() === '' ? proposed : answer.trim()
  }

  async agrees(question: string, proposed: boolean): Promise<boolean> {
    const answer = await this.text(question, proposed ? 'yes' : 'no')
    return /^y/i.test(answer)
  }

  /** Reads a query: up to a semicolon at the end of a line, an empty line, or the end. */
  async query(): Promise<string> {
    print(this.#io.stderr, 'The query, and then an empty line:\n')
    const lines: string[] = []
    for await (const line of this.#terminal) {
      if (line.trim() === '') break
      lines.push(line)
      if (line.trimEnd().endsWith(';')) break
    }
    return lines.join('\n')
  }
}
