import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { ROOT } from '../root.ts'

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm

/** A Markdown file of the repository. */
export interface Document {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
  /** The text without blocks of code. */
  readonly prose: string
}

/** Reads a file of the repository. */
export const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** The Markdown files that people read, but not those that a program writes. */
export function documents(): Document[] {
  const paths = ['.', 'docs'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  )
  return paths.map((path) => {
    const text = read(path)
    return { path, text, prose: text.replaceAll(FENCE, '') }
  })
}

/** Code between single backticks. */
export function inlineCode({ prose }: Pick<Document, 'prose'>): string[] {
  return capture(prose, /`([^`\n]+)`/g)
}

/** The blocks of code in one of these languages; `''` is a block without a language. */
export function blocks({ text }: Document, ...languages: string[]): string[] {
  return Array.from(text.matchAll(FENCE)).flatMap(([, language = '', code = '']) =>
    languages.includes(language) ? code : [],
  )
}

/** The rows of all tables below a heading, up to the next heading, as the text of their cells. */
export function tableRows({ text }: Document, heading: string): string[][] {
  const [, below] = text.split(`\n${heading}\n`)
  if (below === undefined) throw new Error(`there is no heading "${heading}"`)
  const [section = ''] = below.split(/^#/m)
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()))
}

/** What the only group of a pattern captures, each time that it matches. */
export function capture(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([whole, group]) => group ?? whole)
}

/** The links of a document to files of the repository: a path from the root, and an anchor in that file. */
export function localLinks({ path, prose }: Document): { path: string; anchor: string | undefined }[] {
  return capture(prose, /\]\((?!\w+:)([^)\s]+)\)/g).map((target) => {
    const [file = '', anchor] = target.split('#')
    return { path: file === '' ? path : normalize(join(dirname(path), file)), anchor }
  })
}

/**
 * The anchors that GitHub gives to the headings of a text.
 * https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
 */
export function anchors({ prose }: Document): Set<string> {
  const found = new Set<string>()
  for (const heading of capture(prose, /^#+ (.+)$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const base = plain.replaceAll(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '').replaceAll(' ', '-')
    let anchor = base
    for (let n = 1; found.has(anchor); n++) anchor = `${base}-${n}`
    found.add(anchor)
  }
  return found
}
