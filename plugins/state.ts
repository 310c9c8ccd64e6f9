import { copyFileSync, readFileSync, renameSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import fp from 'fastify-plugin'
import { describeError } from '../src/finding.ts'
import type { CollectorStatus, Outcome } from '../src/round/status.ts'
import {
  decodeState,
  encodeState,
  restoreWindow,
  type SavedWindow,
  saveWindow,
} from '../src/samples/saved-window.ts'
import { within } from '../src/time/deadline.ts'
import { formatDuration } from '../src/time/duration.ts'
import { formatMoment, later, type Moment } from '../src/time/moment.ts'

declare module 'fastify' {
  interface FastifyInstance {
    state: State
  }
}

/** Keeps what the incremental collectors have counted in STATE_FILE, if that is set. */
export interface State {
  /** How often the file could not be written. */
  readonly failures: number
  /** Starts a collector anew whose saved state is older than STATE_MAX_AGE at this moment of the database's clock. */
  expire(status: CollectorStatus, now: Moment): void
  /** Writes where all collectors stand once these outcomes of a round are taken. Rejects never. */
  save(outcomes: readonly Outcome[]): Promise<void>
}

/** A file of its own for each database that has a name: counters.json is counters.eu.json for eu. */
function fileOf(file: string, database: string | undefined): string {
  if (file === '' || database === undefined) return file
  const { dir, name, ext } = parse(file)
  return join(dir, `${name}.${database}${ext}`)
}

/** Milliseconds that a round waits for the disk. */
const WRITE = 5000

export default fp(
  async (app) => {
    const { STATE_FILE, STATE_MAX_AGE: maxAge } = app.config
    const file = fileOf(STATE_FILE, app.database.name)
    const rejected = `${file}.rejected`
    /** By collector; those of collectors that do not run stay as they were read. */
    const windows = new Map<string, SavedWindow>()
    let failures = 0
    let failing = false
    let writing = false

    function load(): void {
      let text: string
      try {
        text = readFileSync(file, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
        app.log.warn(`STATE_FILE cannot be read, and all counters start from 0: ${describeError(error)}`)
        return
      }
      try {
        for (const [name, saved] of Object.entries(decodeState(text))) windows.set(name, saved)
      } catch (error) {
        app.log.warn(
          `STATE_FILE is refused and kept as ${rejected}, and all counters start from 0: ${describeError(error)}`,
        )
        aside(renameSync)
        return
      }
      for (const status of app.collectors.list) restore(status)
    }

    function restore(status: CollectorStatus): void {
      const { name, settle } = status.collector
      const saved = windows.get(name)
      if (saved === undefined || settle === undefined) return
      status.window = restoreWindow(status.collector, saved)
      if (status.window === undefined) {
        app.log.warn(
          { collector: name },
          'its labels or metrics are not those of STATE_FILE: it starts from 0',
        )
      } else {
        app.log.info({ collector: name, sealedTo: saved.sealedTo }, 'counters go on from STATE_FILE')
      }
    }

    function aside(move: (from: string, to: string) => void): void {
      try {
        move(file, rejected)
      } catch (error) {
        app.log.warn(`${rejected} cannot be written: ${describeError(error)}`)
      }
    }

    /** A temporary file, synced and renamed: whoever reads finds the old state or the new one, whole. */
    async function write(text: string): Promise<void> {
      const temporary = `${file}.tmp`
      const handle = await open(temporary, 'w', 0o600)
      try {
        await handle.writeFile(text)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, file)
      const folder = await open(dirname(file), 'r')
      // Some file systems do not sync a folder; the rename itself is done.
      await folder.sync().catch(() => {})
      await folder.close()
    }

    app.decorate('state', {
      get failures() {
        return failures
      },
      expire(status, now) {
        const { window, lastSuccess, collector } = status
        // Only a state that was read: a service that was there all the time catches up with all it missed.
        if (window === undefined || lastSuccess !== undefined || later(window.sealedTo, maxAge) >= now) return
        app.log.warn(
          { collector: collector.name },
          `its state ends at ${formatMoment(window.sealedTo)}, more than ${formatDuration(maxAge)} ago (STATE_MAX_AGE): it starts from 0, and STATE_FILE is kept as ${rejected}`,
        )
        aside(copyFileSync)
        status.window = undefined
      },
      async save(outcomes) {
        const moved = outcomes.filter(({ window }) => window !== undefined)
        if (file === '' || moved.length === 0) return
        for (const { status, window } of moved) {
          if (window !== undefined) windows.set(status.collector.name, saveWindow(status.collector, window))
        }
        if (writing) {
          failures++
          return
        }
        writing = true
        const written = write(encodeState(Object.fromEntries(windows))).finally(() => {
          writing = false
        })
        try {
          await within(written, { ms: WRITE })
          if (failing) app.log.info('STATE_FILE is written again')
          failing = false
        } catch (error) {
          failures++
          if (!failing) app.log.warn(`STATE_FILE cannot be written: ${describeError(error)}`)
          failing = true
        }
      },
    })
    app.addHook('onReady', async () => {
      if (file !== '') load()
    })
  },
  { name: 'state', dependencies: ['config', 'collectors'] },
)
