import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Html, html } from '../../src/html/html.ts'
import { page } from './page.ts'
import { cpu, heap, Profiler } from './profiler.ts'

/** Seconds that a profile takes at most. */
const LONGEST = 300

/** Each is at a path of its name, and takes so many seconds unless it is asked for others. */
const PROFILES = [
  { name: 'profile', title: 'CPU profile', standard: 30, sampling: cpu },
  { name: 'heap', title: 'heap profile', standard: 10, sampling: heap },
]

/**
 * Profiles of this process, at the paths and in the form that `go tool pprof` expects of a service:
 * https://pkg.go.dev/net/http/pprof. A listener that it is registered on needs the patience of the longest.
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
    // HEAD would have it taken and thrown away.
    debug.get(`/${name}`, { exposeHeadRoute: false }, async (request, reply) => {
      reply.header('x-content-type-options', 'nosniff')
      const { seconds = String(standard) } = request.query as Readonly<Record<string, string | string[]>>
      if (typeof seconds !== 'string' || !/^[1-9]\d{0,2}$/.test(seconds) || Number(seconds) > LONGEST) {
        const value = JSON.stringify(seconds)
        return refuse(reply, 400, `seconds is ${value}: it takes one whole number from 1 to ${LONGEST}`)
      }
      if (profiler.running) return refuse(reply, 409, `a ${title} is running: ask again when it has ended`)
      const signal = AbortSignal.any([request.signal, stopping.signal])
      const body = await profiler.take(Number(seconds), signal)
      // A connection that stays open would keep the listener from closing.
      if (stopping.signal.aborted) reply.header('connection', 'close')
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(body)
    })
  }
}

/** In the form whose text `go tool pprof` shows. */
function refuse(reply: FastifyReply, code: number, text: string): FastifyReply {
  return reply.code(code).type('text/plain; charset=utf-8').header('x-go-pprof', '1').send(`${text}\n`)
}

function index(host: string): Html {
  const address = `http://${host}/debug/pprof`
  return page(
    'Profiles – Metrics service',
    html`<header>
<nav aria-label="Breadcrumb"><a href="/debug">Metrics service</a></nav>
<h1>Profiles</h1>
</header>
<main>
<p>What this process does from the moment that you ask, for <code>seconds</code> (1 to ${LONGEST}), as gzipped protobuf
for <code>pprof</code>. One of a kind runs at a time. Nothing is sampled while nobody asks.</p>
<dl class="labels">
<div>
<dt><a href="/debug/pprof/profile">profile?seconds=30</a></dt>
<dd>CPU: where time goes. <code>cpu</code> is processor time; what passed between two samples counts for what the second
found, so short work on an idle process is under <code>(idle)</code>. <code>wall</code> is the time that a stack was
found running, idle left out: the better order when the process is mostly idle.</dd>
</div>
<div>
<dt><a href="/debug/pprof/heap">heap?seconds=10</a></dt>
<dd>Heap: what was allocated in these seconds and is still in use at their end, after a garbage collection. What was
there before is not in it, <code>(external)</code> apart: that is all memory outside the JavaScript heap, buffers among
it.</dd>
</div>
</dl>
<h2>To read them</h2>
<pre tabindex="0" aria-label="Commands">go tool pprof -http=: '${address}/profile?seconds=30'
go tool pprof -top '${address}/heap?seconds=60'</pre>
<p>With a <code>DEBUG_TOKEN</code>, fetch the file first:</p>
<pre tabindex="0" aria-label="Commands with a token">curl -H "Authorization: Bearer $DEBUG_TOKEN" -o profile.pb.gz '${address}/profile?seconds=30'
go tool pprof -http=: profile.pb.gz</pre>
</main>`,
  )
}
