import { type Document, LineCounter, parseAllDocuments, type YAMLParseError } from 'yaml'
import { Mistake } from '../src/finding.ts'
import { withIndentedText } from './indent.ts'
import { Mapping } from './mapping.ts'
import { isNull, Misplaced, type Source } from './source.ts'

export const TEMPLATE = {
  problem: 'this looks like a template',
  advice: 'render it first, such as with: helm template',
}

/**
 * Reads the documents of a YAML text, each of which is a mapping. The text begins in this line of the file, from 0. Throws a
 * Mistake that names the file and the line when it is something else.
 */
export function readDocuments(text: string, file: string, line = 0): Mapping[] {
  const lines = new LineCounter()
  const documents = parseLikeGo(text, lines, (error) => {
    const place = `${file}:${line + lines.linePos(error.pos[0]).line}`
    if (text.includes('{{')) {
      throw new Misplaced(place, TEMPLATE.problem, TEMPLATE.advice)
    }
    // What follows a colon may quote the file, and a data source name has a password.
    const [problem] = error.message.split(/[:;]/)
    throw new Misplaced(place, `this is not YAML: ${problem}`)
  })
  const filled = documents.filter(({ contents }) => contents !== null && !isNull(contents))
  if (filled.length === 0) throw new Mistake(`${file}: the file is empty`)
  return filled.map((document) => {
    const isTemplate = text.includes('{{')
    const source: Source = { file, line, document, lines, isTemplate, read: new Map(), losses: [] }
    if (document.contents === null) throw new Error(`${file}: a document has no contents`)
    return new Mapping(source, document.contents)
  })
}

/** The documents in the text of a key, such as that of a file in a ConfigMap. */
export function documentsIn(mapping: Mapping, key: string): Mapping[] {
  return readDocuments(mapping.text(key) ?? '', mapping.file, mapping.lineOf(key))
}

/** The documents of a text, in which Go's parsers find no fault that this one finds. */
function parseLikeGo(text: string, lines: LineCounter, refuse: (error: YAMLParseError) => never): Document[] {
  // No type is told by its text, because all values are read as texts.
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    schema: 'failsafe',
  })
  const documents: Document[] = 'empty' in parsed ? [] : parsed
  const [error] = documents.flatMap(({ errors }) => errors)
  if (error === undefined) return documents
  const indented = error.code === 'MISSING_CHAR' ? withIndentedText(text, error.pos[0]) : undefined
  if (indented === undefined) return refuse(error)
  lines.lineStarts.length = 0
  return parseLikeGo(indented, lines, refuse)
}
