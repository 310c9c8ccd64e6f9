import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Test } from 'tap'
import { ROOT } from '../../root.ts'

const TSC = join(ROOT, 'node_modules/.bin/tsc')

export interface Editor {
  /** What it shows, as Markdown, when the pointer is where `word` is first found after `after`. */
  hover(word: string, after?: string): Promise<string>
}

/**
 * An editor with this file of TypeScript open: the compiler as a language server, asked as editors ask it.
 * https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
 */
export async function openEditor(t: Test, path: string, text: string): Promise<Editor> {
  // Without what the test runner has every process load.
  const server = spawn('env', ['-u', 'NODE_OPTIONS', TSC, '--lsp', '--stdio'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(server, 'exit')
  t.teardown(async () => {
    server.kill()
    await ended
  })
  const answers = new Map<unknown, (result: unknown) => void>()
  let input = Buffer.alloc(0)
  server.stdout.on('data', (chunk: Buffer) => {
    input = Buffer.concat([input, chunk])
    for (;;) {
      const header = /^Content-Length: (\d+)\r\n(?:.+\r\n)*\r\n/.exec(input.toString('latin1'))
      const end = (header?.[0].length ?? 0) + Number(header?.[1])
      if (header === null || input.length < end) return
      const { id, method, result } = JSON.parse(input.toString('utf8', header[0].length, end))
      input = input.subarray(end)
      // What it asks of an editor, such as to watch files, gets no for an answer.
      if (method === undefined) answers.get(id)?.(result)
      else if (id !== undefined) send({ id, result: null })
    }
  })
  function send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  let asked = 0
  function ask<Result>(method: string, params: object): Promise<Result> {
    const id = ++asked
    send({ id, method, params })
    return new Promise((resolve) => answers.set(id, (result) => resolve(result as Result)))
  }

  const uri = pathToFileURL(path).href
  const capabilities = { textDocument: { hover: { contentFormat: ['markdown'] } } }
  await ask('initialize', { processId: process.pid, rootUri: null, capabilities })
  send({ method: 'initialized', params: {} })
  send({
    method: 'textDocument/didOpen',
    params: { textDocument: { uri, languageId: 'typescript', version: 1, text } },
  })
  return {
    async hover(word, after = '') {
      const lines = text.slice(0, text.indexOf(word, text.indexOf(after))).split('\n')
      const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 }
      const shown = await ask<{ contents: { value: string } } | null>('textDocument/hover', {
        textDocument: { uri },
        position,
      })
      return shown?.contents.value ?? ''
    },
  }
}
