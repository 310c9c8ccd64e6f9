import { startPostgres } from '../../demo/postgres.ts'

/** Keeps a PostgreSQL server until it is told to stop, or the process whose number it was given is gone. */
const runner = Number(process.argv[2])
const postgres = await startPostgres()
process.stdout.write(`${postgres.url}\n`)

async function end(): Promise<void> {
  clearInterval(watch)
  await postgres.destroy()
  process.exit(0)
}
const watch = setInterval(() => {
  try {
    process.kill(runner, 0)
  } catch {
    void end()
  }
}, 1000)
process.once('SIGTERM', end)
