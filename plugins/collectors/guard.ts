// Keeps collectors' code from ending the process. Imports src/ only.
import { currentCulprit } from '../../src/contract/culprit.ts'
import { Mistake } from '../../src/finding.ts'

let guarded = false

/** Makes whatever ends the process throw when the code of a collector calls it. */
export function guardProcess(): void {
  if (guarded) return
  guarded = true
  for (const name of ['exit', 'abort', 'reallyExit'] as const) refuse(name, () => true)
  // Any other process is the operating system's to protect. 0 and a negative number are groups.
  refuse('kill', (pid) => [process.pid, -process.pid, 0, -1].includes(Number(pid)))
}

function refuse(name: 'exit' | 'abort' | 'reallyExit' | 'kill', isOwn: (first: unknown) => boolean): void {
  const original: unknown = Reflect.get(process, name)
  if (typeof original !== 'function') return
  Reflect.set(process, name, (...args: readonly unknown[]) => {
    if (currentCulprit() !== undefined && isOwn(args[0])) {
      throw new Mistake(`its code calls process.${name}(), which would end the service`, 'throw an Error')
    }
    return Reflect.apply(original, process, args)
  })
}
