import { serve } from './cli/serve.ts'

/** Starts the service, as `src/cli.ts serve` does. */
process.exitCode = await serve(process.argv.slice(2), process)
