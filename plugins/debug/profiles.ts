// GET /debug/pprof/. Imports src/ and its own folder only.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Html, html } from '../../src/html/html.ts'
import { flameGraph } from './flame.ts'
import { page } from './page.ts'
import { cpu, heap, Profiler } from './profiler.ts'

/** The longest profile, in seconds. */
const MAX_SECONDS = 300

/** The profiles, each at the path of its name. One takes `standard` seconds unless the request says otherwise. */
const PROFILES = [
  { name: 'profile', title: 'CPU profile', standard: 30, sampling: cpu },
  { name: 'heap', title: 'heap profile', standard: 10, sampling: heap },
]

/**
 * Serves profiles of this process, at the paths and in the form that `go tool pprof` expects of a service:
 * https://pkg.go.dev/net/http/pprof. The listener must allow requests that take as long as the longest profile.
 */
export async function profiles(debug: FastifyInstance): Promise<void> {
  const stopping = new AbortController()
  debug.addHook('preClose', async () => stopping.abort())

  debug.get('/', async (request, reply) => {
    await reply.helmet()
    return reply.type('text/html; charset=utf-8').send(index(request.host).text)
  })

  for (const { name, title, standard, sampling } of PROFILES) {
    const profiler = new Profiler(sampling)
    if (sampling === cpu) flameGraph(debug, profiler, stopping.signal)
    // A HEAD request would take a profile and throw it away.
    const options = { exposeHeadRoute: false, config: { costs: true } }
    debug.get(`/${name}`, options, async (request, reply) => {
      reply.header('x-content-type-options', 'nosniff')
      const { seconds = String(standard) } = request.query as Readonly<Record<string, string | string[]>>
      if (typeof seconds !== 'string' || !/^[1-9]\d{0,2}$/.test(seconds) || Number(seconds) > MAX_SECONDS) {
        const value = JSON.stringify(seconds)
        return refuse(reply, 400, `seconds is ${value}: expected a whole number from 1 to ${MAX_SECONDS}`)
      }
      if (profiler.running)
        return refuse(reply, 409, `a ${title} is already running: retry when it has ended`)
      const signal = AbortSignal.any([request.signal, stopping.signal])
      const body = await profiler.take(Number(seconds), signal)
      // A connection that stays open would delay the close of the listener.
      if (stopping.signal.aborted) reply.header('connection', 'close')
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(body)
    })
  }
}

/** Refuses a request in the form whose text `go tool pprof` shows. */
function refuse(reply: FastifyReply, code: number, text: string): FastifyReply {
  return reply.code(code).type('text/plain; charset=utf-8').header('x-go-pprof', '1').send(`${text}\n`)
}

function index(host: string): Html {
  const address = `http://${host}/debug/pprof`
  return page(
    'Profiles – Metrics service',
    html`<header>
<nav aria-label="Breadcrumb"><a href="/debug">Debug</a></nav>
<h1>Profiles</h1>
</header>
<main>
<p><a href="/debug/pprof/flame">A flame graph of the processor time</a>, in this page.</p>
<p>A profile samples this process from the moment of the request, for <code>seconds</code> (1 to ${MAX_SECONDS}). It is
gzipped protobuf for <code>pprof</code>. One profile of each kind runs at a time. Between requests nothing is sampled.</p>
<dl class="labels">
<div>
<dt><a href="/debug/pprof/profile">profile?seconds=30</a></dt>
<dd>CPU: where time goes. <code>cpu</code> is processor time; work that is shorter than the time between two samples may
appear under <code>(idle)</code>. <code>wall</code> is the time that a stack was running: sort by it when the process is mostly idle.</dd>
</div>
<div>
<dt><a href="/debug/pprof/heap">heap?seconds=10</a></dt>
<dd>Heap: what was allocated in these seconds and is still in use at their end, after a garbage collection. Older objects
are not included, except in <code>(external)</code>: all memory outside the JavaScript heap, such as buffers.</dd>
</div>
</dl>
<h2>Reading profiles</h2>
<pre tabindex="0" aria-label="Commands">go tool pprof -http=: '${address}/profile?seconds=30'
go tool pprof -top '${address}/heap?seconds=60'</pre>
<p>With a <code>DEBUG_TOKEN</code>, fetch the file first:</p>
<pre tabindex="0" aria-label="Commands with a token">curl -H "Authorization: Bearer $DEBUG_TOKEN" -o profile.pb.gz '${address}/profile?seconds=30'
go tool pprof -http=: profile.pb.gz</pre>
</main>`,
  )
}
