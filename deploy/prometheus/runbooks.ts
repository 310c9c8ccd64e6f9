import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Has each runbook_url of the rules, and of their cases, lead to the document that `config.runbooks` of package.json
 * names: `npm pkg set config.runbooks=URL && npm run runbooks`.
 */
const folder = new URL('./', import.meta.url)
const { config } = JSON.parse(readFileSync(new URL('../../package.json', folder), 'utf8'))
const { protocol } = new URL(config.runbooks)
if (protocol !== 'https:' && protocol !== 'http:') throw new Error(`${config.runbooks} is no page of the web`)
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text.replace(/(runbook_url: )[^\s#]*#/g, (_, key: string) => `${key}${config.runbooks}#`),
  )
}
