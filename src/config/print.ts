/** What a terminal obeys, or a reader does not see: all but the end of a line. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu
/** Goes back to the start of the line and erases it. */
const ERASE = '\r\x1b[K'

/**
 * Writes a text for people, who may see it on a terminal: nothing else writes there. A text of the database, a server or a
 * file may be anybody's, so whatever is no character comes out as `\u001b`, in which form JSON is the same document.
 */
export function print(stream: NodeJS.WritableStream, text: string): void {
  stream.write(printable(text))
}

/** Writes a text over the one that `progress` wrote before. */
export function progress(stream: NodeJS.WritableStream, text: string): void {
  stream.write(`${ERASE}${printable(text)}`)
}

/** A text for people, with all that is no character written out. */
export function printable(text: string): string {
  return text.replaceAll(UNSEEN, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
