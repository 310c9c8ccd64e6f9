import { parseArgs } from 'node:util'
import type { Fault } from './fault.ts'
import { REHEARSED } from './faults.ts'

export interface Options {
  readonly seed: number
  readonly minutes: number
  readonly faults: readonly Fault[]
}

/** What the arguments of the program say. Throws an Error that tells what they may be. */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      minutes: { type: 'string', default: '10' },
      fault: { type: 'string', multiple: true, default: [] },
      short: { type: 'boolean', default: false },
    },
  })
  const [seed, minutes] = [Number(values.seed), Number(values.minutes)]
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed is "${values.seed}", and takes an integer`)
  if (!(minutes > 0)) throw new Error(`--minutes is "${values.minutes}", and takes a number above 0`)
  const chosen = values.short ? REHEARSED.filter(({ short }) => short) : REHEARSED
  const faults = chosen.filter(
    ({ name }) => values.fault.length === 0 || values.fault.some((part) => name.includes(part)),
  )
  if (faults.length === 0)
    throw new Error(`--fault takes a part of one of: ${REHEARSED.map(({ name }) => name).join('; ')}`)
  return { seed, minutes, faults }
}
