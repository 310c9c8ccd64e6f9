import { parseArgs } from 'node:util'
import { describeError } from '../finding.ts'

/** The streams that a command writes to; `process` has them. */
export interface Io {
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
  Record<string, { readonly type: 'boolean' | 'string'; readonly default?: string | boolean }>
>

/** A command, and the arguments that it takes. Every command takes --help besides. */
export interface Command<Known extends Options> {
  /** Says how the command is called, and what each option does. */
  readonly usage: string
  readonly options: Known
  /** Whether it takes arguments that are not options. */
  readonly allowPositionals: boolean
}

/** Reads the arguments of a command. Throws a UsageError when the command does not take one of them. */
export function readArguments<const Known extends Options>(
  args: readonly string[],
  { options, allowPositionals }: Command<Known>,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals })
  } catch (cause) {
    throw new UsageError(describeError(cause), { cause })
  }
}

/** The arguments that a command was given. */
export type Given<Known extends Options> = ReturnType<typeof readArguments<Known>>

/** Runs a command: answers --help, and shows the usage when the arguments are not understood. */
export async function runCommand<const Known extends Options>(
  args: readonly string[],
  io: Io,
  command: Command<Known>,
  work: (given: Given<Known>) => Promise<ExitCode>,
): Promise<ExitCode> {
  if (args.includes('--help')) {
    io.stdout.write(command.usage)
    return OK
  }
  try {
    return await work(readArguments(args, command))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.stderr.write(`${error.message}\n\n${command.usage}`)
    return MISUSED
  }
}
