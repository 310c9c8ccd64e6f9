/** Where a word is in a text, on its own: not as a part of another one. */
export function indexesOf(text: string, word: string, begins = 0): number[] {
  const found: number[] = []
  for (let at = text.indexOf(word, begins); at >= 0; at = text.indexOf(word, at + 1))
    if (!isWord(text[at - 1]) && !isWord(text[at + word.length])) found.push(at)
  return found
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /\w/.test(character)
}
