import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node'

/** What an editor underlines: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/ */
export interface Diagnostic {
  /** It counts lines from 0. */
  readonly range: { readonly start: { readonly line: number; readonly character: number } }
  readonly message: string
}

/** Asks TypeScript's language server, in the version that a folder has installed, what is wrong with a file of it. */
export async function underlined(folder: string, file: string): Promise<readonly Diagnostic[]> {
  const server = spawn('env', ['-u', 'NODE_OPTIONS', 'node_modules/.bin/tsc', '--lsp', '--stdio'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  )
  // What it asks of an editor: nothing is configured, and everything may be watched.
  connection.onRequest(() => null)
  connection.listen()
  try {
    const uri = pathToFileURL(join(folder, file)).href
    await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: { textDocument: { diagnostic: {} } },
    })
    await connection.sendNotification('initialized', {})
    const text = readFileSync(join(folder, file), 'utf8')
    const textDocument = { uri, languageId: 'typescript', version: 1, text }
    await connection.sendNotification('textDocument/didOpen', { textDocument })
    const { items }: { items: Diagnostic[] } = await connection.sendRequest('textDocument/diagnostic', {
      textDocument: { uri },
    })
    return items
  } finally {
    connection.dispose()
    server.kill()
  }
}
