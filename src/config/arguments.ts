import { parseArgs } from 'node:util'
import { describeError } from '../finding.ts'
import { print } from './print.ts'

/** The streams that a command writes to, and the one that it may read; `process` has them. */
export interface Io {
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/** The exit code of a command: OK, FAILED, MISUSED, or that of the signal that ended it. */
export type ExitCode = number
export const OK = 0
/** Something is wrong. */
export const FAILED = 1
/** The arguments are not understood. */
export const MISUSED = 2

/** A problem with the arguments of a command. */
export class UsageError extends Error {
  override name = 'UsageError'
}

type Options = Readonly<
  Record<
    string,
    { readonly type: 'boolean' | 'string'; readonly multiple?: boolean; readonly default?: string | boolean }
  >
>

/** A command, and the arguments that it takes. Every command takes --help besides. */
export interface Command<Known extends Options> {
  /** Says how the command is called, and what each option does. */
  readonly usage: string
  readonly options: Known
  /** Whether it takes arguments that are not options. */
  readonly allowPositionals: boolean
}

/** The arguments that a command was given. */
export type Given<Known extends Options> = ReturnType<typeof parse<Known>>

/** Throws a UsageError when the command does not take one of the arguments. */
function parse<const Known extends Options>(
  args: readonly string[],
  { options, allowPositionals }: Command<Known>,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals })
  } catch (cause) {
    throw new UsageError(describeError(cause), { cause })
  }
}

/** Returns the whole number that an option has. Throws a UsageError when it is not one, or less than `least`. */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least) return value
  throw new UsageError(`--${option} is "${text}": it takes a whole number, at least ${least}`)
}

/** Runs a command: answers --help, and shows the usage when the arguments are not understood. */
export async function runCommand<const Known extends Options>(
  args: readonly string[],
  io: Io,
  command: Command<Known>,
  work: (given: Given<Known>) => Promise<ExitCode>,
): Promise<ExitCode> {
  if (args.includes('--help')) {
    print(io.stdout, command.usage)
    return OK
  }
  try {
    return await work(parse(args, command))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    print(io.stderr, `${error.message}\n\n${command.usage}`)
    return MISUSED
  }
}
