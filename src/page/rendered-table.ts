import { itemAt } from '../rows/label-set.ts'
import type { LabelTable } from '../rows/label-table.ts'
import { CHUNK_LENGTH, Lines } from './lines.ts'
import { braced } from './syntax.ts'

/** Renders the samples of a metric that is a number, and of which nothing else is to be said, straight from a table's columns. */
export function* renderTable(
  table: LabelTable,
  metric: number,
  name: string,
  { first, heads }: { readonly first: string; readonly heads: readonly string[] },
): Generator<Buffer> {
  const { dictionaries } = table
  // What is before each label, and behind the last one.
  const around = [...heads.map((head, i) => (i === 0 ? `${name}{${first}${head}` : `"${head}`)), '"} ']
  const [opening, ...pieces] = heads.length > 0 ? around : [`${name}${braced(first)} `]
  const start = Buffer.from(opening ?? '')
  const behind = pieces.map((piece) => Buffer.from(piece))
  const lines = new Lines()
  for (let row = 0; row < table.length; row++) {
    const value = table.number(row, metric)
    if (value === undefined) continue
    lines.add(start)
    for (let i = 0; i < behind.length; i++) {
      const dictionary = itemAt(dictionaries, i)
      const id = table.id(row, i)
      lines.addLabel(dictionary.bytes, dictionary.start(id), dictionary.start(id + 1))
      lines.add(itemAt(behind, i))
    }
    lines.end(value)
    if (lines.length > CHUNK_LENGTH) yield lines.take()
  }
  if (lines.length > 0) yield lines.take()
}
