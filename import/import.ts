import { importCollectors } from './command.ts'

/** Carries over the queries of another exporter, as `src/cli.ts import` does. */
process.exitCode = await importCollectors(process.argv.slice(2), process)
