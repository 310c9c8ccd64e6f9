import { readFileSync } from 'node:fs'
import { Mistake } from '../src/finding.ts'
import type { Loss } from './loss.ts'
import type { Mapping } from './mapping.ts'
import { attempt } from './question.ts'
import { readDocuments } from './yaml.ts'

/** Reads the documents of a file. Throws a Mistake when it cannot be read or is not YAML. */
export function readFile(file: string): Mapping[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw new Mistake(`${file}: cannot be read (${reason})`, 'name a file that is there', { cause })
  }
  return readDocuments(text, file)
}

/** Reads the documents of files, of which one that cannot be understood costs itself. */
export function readFiles(files: readonly string[], losses: Loss[]): Mapping[] {
  return files.flatMap((file) => attempt(losses, 'the file', `${file}:1`, () => readFile(file)))
}
