import type { Test } from 'tap'
import type { ServiceProcess } from '../process.ts'

/** What an error leaves in the log that nobody caught, or that is a defect of the service. */
const DEFECT = /unhandled|uncaught|nothing caught|error of the service itself|\n\s+at |\\n\s+at /i

/** Checks that a service's output has no trace of an error that was not dealt with, and no password of these URLs. */
export function checkOutput(t: Test, service: ServiceProcess, urls: readonly string[]): void {
  const output = service.output()
  t.notMatch(output, DEFECT)
  for (const url of urls) {
    const password = /:\/\/[^:]*:([^@]*)@/.exec(url)?.[1] ?? ''
    t.ok(password !== '' && !output.includes(password), 'no password is told')
  }
}
