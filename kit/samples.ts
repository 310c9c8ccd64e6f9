/** The samples of a page: `name{label="value"}` → value, as the page writes them. */
export function samplesOf(page: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of page.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const at = line.lastIndexOf(' ')
    samples.set(line.slice(0, at), Number(line.slice(at + 1)))
  }
  return samples
}
