import { importCollectors } from './command.ts'

/** Carries over the queries of another exporter, as `src/cli.ts import` does where no database is given. */
process.exitCode = await importCollectors([...process.argv.slice(2), '--no-database'], process, () => {
  throw new Error('no database is asked')
})
