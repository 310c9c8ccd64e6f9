import { run } from './cli/commands.ts'

/** Starts the service, as `src/cli.ts serve` does. */
process.exitCode = await run(['serve', ...process.argv.slice(2)], process)
