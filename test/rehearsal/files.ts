import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { guardFolder } from '../../demo/guard.ts'
import { certificate } from '../certificate.ts'

const COLLECTORS = new URL('collectors/', import.meta.url)
/** Days for which a certificate is valid, so that no alert tells of its end. */
const VALID = 90

/** The files that replicas of the service have in common: collectors, a password, and a certificate with its key. */
export class Files {
  readonly collectors: string
  readonly password: string
  readonly certificate: string
  readonly key: string
  /** Of the authority that has signed the certificate. */
  readonly authority: string
  readonly #folder: string
  #renewed = 0

  constructor(t: Test) {
    this.#folder = mkdtempSync(join(tmpdir(), 'metrics-service-rehearsal-'))
    const guard = guardFolder(this.#folder)
    t.teardown(() => guard.dismiss())
    this.collectors = join(this.#folder, 'collectors')
    mkdirSync(this.collectors)
    for (const name of readdirSync(COLLECTORS)) {
      // There, they find the service by its name.
      const text = readFileSync(new URL(name, COLLECTORS), 'utf8')
      this.collector(name, text.replace('../../../src/collector.ts', 'metrics-service'))
    }
    this.password = join(this.#folder, 'password')
    this.authority = certificate(this.#folder, 'authority', 'DNS:authority').cert
    this.certificate = join(this.#folder, 'server.crt')
    this.key = join(this.#folder, 'server.key')
    this.renew()
  }

  /** Writes the file of a collector, at once. */
  collector(name: string, text: string): void {
    this.#write(join(this.collectors, name), text)
  }

  remove(name: string): void {
    rmSync(join(this.collectors, name))
  }

  rotate(password: string): void {
    this.#write(this.password, password)
  }

  /** Puts a new certificate in the place of the one before. Returns its text. */
  renew(): string {
    const name = `server-${++this.#renewed}`
    const { key, cert } = certificate(this.#folder, name, 'IP:127.0.0.1', 'authority', 'localhost', VALID)
    for (const [from, to] of [
      [key, this.key],
      [cert, this.certificate],
    ] as const) {
      cpSync(from, `${to}.new`)
      renameSync(`${to}.new`, to)
    }
    return readFileSync(this.certificate, 'utf8')
  }

  #write(path: string, text: string): void {
    const beside = join(this.#folder, 'new')
    writeFileSync(beside, text)
    renameSync(beside, path)
  }
}
