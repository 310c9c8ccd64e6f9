import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/**
 * Inputs that nobody would think of, for two minutes or as many seconds as the first argument says, at all targets or at
 * those that the other arguments name: `node test/fuzz/fuzz.ts [seconds] [target…]`. The SEED of another run makes the same
 * inputs again; what fails says with which seed it comes back at once.
 */
const [seconds = '120', ...names] = process.argv.slice(2)
const SECONDS = Number(seconds)
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31)

/** Milliseconds for a target to start and to end, and for a smaller input that fails as well, where others have the cores. */
const PATIENCE = 300_000

/** The targets, each a file beside this one, and their parts of the time. */
const TARGETS = { protocol: 0.4, http: 0.2, rows: 0.1, state: 0.1, import: 0.1, config: 0.1 }

const chosen = Object.entries(TARGETS).filter(([name]) => names.length === 0 || names.includes(name))
const whole = chosen.reduce((sum, [, part]) => sum + part, 0)

t.comment(`SEED=${SEED}`)
t.setTimeout(SECONDS * 1000 + chosen.length * PATIENCE * 2)
for (const [name, part] of chosen) {
  t.test(`fuzzed: ${name}`, async (t) => {
    const share = (SECONDS * part) / whole
    const target = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), [String(share)], {
      env: { ...process.env, SEED: String(SEED) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let last: unknown = SEED
    target.on('message', (seed) => {
      last = seed
    })
    for (const stream of [target.stdout, target.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.trimEnd().split('\n')) t.comment(line)
      })
    }
    const patience = setTimeout(() => target.kill('SIGKILL'), share * 1000 + PATIENCE)
    const [code, signal] = await once(target, 'close')
    clearTimeout(patience)
    t.equal(signal ?? code, 0, `it ends by itself, without harm; the last inputs began with SEED=${last}`)
  })
}
