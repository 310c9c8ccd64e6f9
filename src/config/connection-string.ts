import { Mistake } from '../finding.ts'
import { checkOption, isOption, type Written } from './libpq.ts'

const URL_FORM =
  /^postgres(?:ql)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/
const HOST_FORM = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d+))?$/
const PAIR_FORM = /\s*([a-z_]+)\s*=\s*(?:'((?:\\.|[^\\'])*)'|(?!')((?:\\.|[^\s\\])*))(?=\s|$)/sy

/** Whether a text is of libpq's other form, `host=… user=…`, and not a URL or a list of them. */
export function isKeywordForm(text: string): boolean {
  const [, name = '', value = ''] = /^\s*([a-z_]+)\s*=\s*(\S*)/.exec(text) ?? []
  return isOption(name) && !/^postgres(ql)?:/.test(value)
}

/**
 * Reads a connection string, a URL or keywords with values. Throws a Mistake, which repeats nothing of the text.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */
export function readConnectionString(text: string): Written {
  return isKeywordForm(text) ? readPairs(text) : readUrl(text)
}

function readUrl(text: string): Written {
  const parts = URL_FORM.exec(text)
  if (parts === null) {
    throw new Mistake(
      'is not of the form postgres://user:password@host:port,host:port/database',
      'characters such as @ / : ? # in the user or the password are written as %40 %2F %3A %3F %23',
    )
  }
  const [, user, password, hosts = '', database, query = ''] = parts
  const options = query.split('&').filter((option) => option !== '')
  return [
    ...(user ? [['user', decode(user, 'its user')] as const] : []),
    ...(password ? [['password', decode(password, 'its password')] as const] : []),
    ...readHosts(hosts),
    ...(database ? [['dbname', decode(database, 'its database')] as const] : []),
    ...options.map((option, i) => readOption(option, `its option number ${i + 1}`)),
  ]
}

function readHosts(text: string): Written {
  const places = text.split(',').map((place, i) => {
    const parts = HOST_FORM.exec(place)
    if (parts === null) {
      throw new Mistake(
        `is wrong: its host number ${i + 1} is not host:port`,
        'a port is a whole number from 1 to 65535, and an IPv6 address is written in brackets',
      )
    }
    const [, address, name = '', port = ''] = parts
    return { host: decode(address ?? name, `its host number ${i + 1}`), port }
  })
  const hosts = places.map(({ host }) => host).join()
  const ports = places.map(({ port }) => port)
  return [
    ...(hosts === '' ? [] : [['host', hosts] as const]),
    ...(ports.every((port) => port === '') ? [] : [['port', ports.join()] as const]),
  ]
}

/** An option of a URL. That of JDBC for encryption is known to libpq as well. */
function readOption(text: string, where: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 0) throw new Mistake(`has no value for ${where}`, 'an option is written as name=value')
  const [name, value] = [decode(text.slice(0, at), where), decode(text.slice(at + 1), where)]
  if (name === 'ssl' && value === 'true') return ['sslmode', 'require']
  checkOption(name, where)
  return [name, value]
}

function readPairs(text: string): Written {
  const written: [string, string][] = []
  const trimmed = text.trim()
  PAIR_FORM.lastIndex = 0
  while (PAIR_FORM.lastIndex < trimmed.length) {
    const [, name, quoted, bare = ''] = PAIR_FORM.exec(trimmed) ?? []
    if (name === undefined) {
      throw new Mistake(
        `is not of the form host=… user=…: what follows its option number ${written.length} is not name=value`,
        String.raw`a value with spaces is written as 'value', and ' in it as \'`,
      )
    }
    checkOption(name, `its option number ${written.length + 1}`)
    written.push([name, (quoted ?? bare).replaceAll(/\\(.)/gs, '$1')])
  }
  return written
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    const problem = `has a % in ${part} that does not begin an escape such as %40`
    throw new Mistake(problem, 'write % as %25', { cause })
  }
}
