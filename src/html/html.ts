/** A piece of HTML: what is put into it is text unless it is such a piece itself. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Content = Html | string | number | undefined | readonly Content[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** HTML with content in it: texts are escaped, lists are joined, undefined is nothing. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((text, string, i) => text + write(contents[i - 1]) + string))
}

function write(content: Content): string {
  if (content === undefined) return ''
  if (content instanceof Html) return content.text
  if (typeof content === 'object') return content.map(write).join('')
  return String(content).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
}
