// GET and POST /debug/pprof/flame. Imports src/ and its own folder only.
import type { FastifyInstance } from 'fastify'
import { type Frame, flame } from '../../src/html/flame.ts'
import { type Html, html } from '../../src/html/html.ts'
import { formatSeconds } from '../../src/time/age.ts'
import { page } from './page.ts'
import type { Profiler } from './profiler.ts'
import { stacksOf } from './stacks.ts'
import { time } from './verdict.ts'

/** How long a profile may take, in seconds. */
const CHOICES = ['1', '10', '30']

/** The last profile: when it was taken, in milliseconds since 1970, and for how many seconds. */
interface Taken {
  readonly at: number
  readonly seconds: number
  readonly root: Frame
}

/** Serves a flame graph of the last CPU profile that was taken for it, and takes one; `stopping` ends it early. */
export function flameGraph(debug: FastifyInstance, profiler: Profiler, stopping: AbortSignal): void {
  let taken: Taken | undefined

  debug.get<{ Querystring: { focus?: string | string[] } }>('/flame', async ({ query }, reply) => {
    await reply.helmet()
    const focus = Number(query.focus)
    return reply
      .type('text/html; charset=utf-8')
      .send(render(taken, Number.isSafeInteger(focus) ? focus : 0).text)
  })

  debug.post<{ Querystring: { seconds?: string | string[] } }>('/flame', async (request, reply) => {
    const { seconds = '10' } = request.query
    if (typeof seconds !== 'string' || !CHOICES.includes(seconds)) {
      return reply.code(400).send({ error: `seconds takes one of ${CHOICES.join(', ')}` })
    }
    if (profiler.running)
      return reply.code(409).send({ error: 'a CPU profile is already running: retry when it has ended' })
    const at = Date.now()
    const profile = await profiler.sample(Number(seconds), AbortSignal.any([request.signal, stopping]))
    taken = { at, seconds: Number(seconds), root: stacksOf(profile) }
    if (stopping.aborted) reply.header('connection', 'close')
    return reply.redirect('/debug/pprof/flame', 303)
  })
}

function render(taken: Taken | undefined, focus: number): Html {
  const buttons = CHOICES.map(
    (seconds) => html`<button formaction="/debug/pprof/flame?seconds=${seconds}">${seconds} s</button> `,
  )
  return page(
    'Flame graph',
    html`<header>
<div><nav aria-label="Breadcrumb"><a href="/debug">Debug</a> / <a href="/debug/pprof/">Profiles</a></nav>
<h1>Flame graph</h1></div>
<form method="post" action="/debug/pprof/flame">Take a CPU profile for ${buttons}</form>
</header>
<main>
${taken === undefined ? html`<p>None was taken yet: press one of the buttons, and wait for as long.</p>` : graph(taken, focus)}
</main>`,
  )
}

function graph({ at, seconds, root }: Taken, focus: number): Html {
  const keys = [
    ['own', 'the service and its collectors'],
    ['library', 'libraries'],
    ['node', 'Node.js'],
  ].map(
    ([kind, word]) =>
      html`<li><svg aria-hidden="true"><rect class="f-${kind}" width="100%" height="100%"/></svg>${word}</li>`,
  )
  const back = focus > 0 ? html` <a href="?#graph">Show all</a>` : undefined
  return html`<p id="graph">${time(at, Date.now())}, ${seconds} s: ${formatSeconds(root.seconds)} of processor time. The width of a
function is its share; what it called is below it. A click makes it the whole.${back}</p>
${flame(root, focus)}
<ul class="legend">${keys}</ul>`
}
