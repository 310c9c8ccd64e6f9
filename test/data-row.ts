import { createClient } from '../plugins/db/client.ts'
import type { Column } from '../src/query/client.ts'

/** What the service's client makes of texts, by the numbers of their types. */
const { parsers } = createClient(
  { name: '127.0.0.1:1', host: '127.0.0.1', address: undefined, port: 1 },
  { socket: () => Promise.reject(new Error('nobody connects')), onclose() {} },
).options

/** A column of a result, as the client describes it. */
export function columnOf(name: string, type: number): Column {
  return { name, type, parse: parsers[type] }
}

/** The fields of a row as a server sends them, null for NULL. */
export function rowOf(fields: readonly (string | Buffer | null)[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const length = Buffer.alloc(4)
      const bytes = Buffer.from(field ?? '')
      length.writeInt32BE(field === null ? -1 : bytes.length)
      return [length, bytes]
    }),
  )
}
