import { run } from './cli/commands.ts'

/** The command line: the service, or the command that the first argument names. */
process.exitCode = await run(process.argv.slice(2), process)
