import { createServer } from 'node:http'
import t from 'tap'
import { freePort } from '../../demo/port.ts'
import { lacksBrowser, startBrowser } from '../browser.ts'
import { createDatabase } from '../database.ts'
import { startService } from '../service.ts'

// A page of another site, in a real browser on the machine of the debug listener.

/** Sends what a page can send without asking first, and says when all of it is answered. */
const ATTACK = (target: string) => `<!doctype html><iframe name="frame"></iframe>
<form method="post" target="frame" action="${target}/debug/pause"></form>
<script type="module">
  const refused = () => {}
  const framed = new Promise((done) => (document.querySelector('iframe').onload = done))
  document.querySelector('form').submit()
  await framed
  for (const path of ['pause', 'reload', 'collect']) {
    navigator.sendBeacon('${target}/debug/' + path)
    await fetch('${target}/debug/' + path, { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(refused)
  }
  document.title = 'done'
</script>`

t.test('a page of another site pauses nothing, in a real browser', { skip: lacksBrowser }, async (t) => {
  const { url } = await createDatabase(t, { schema: false })
  const debugPort = await freePort()
  const { app } = await startService(t, { DATABASE_URL: url, DEBUG_PORT: String(debugPort) })
  const { last } = app.reloads
  const browser = await startBrowser(t)
  const site = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(ATTACK(`http://${request.url?.slice(1)}:${debugPort}`))
  })
  const port = await freePort()
  await new Promise<void>((done) => site.listen(port, '127.0.0.1', done))
  t.teardown(() => site.close())
  for (const [from, to] of [
    ['evil.localhost', '127.0.0.1'],
    ['evil.localhost', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
  ] as const) {
    await t.test(`from ${from} to ${to}`, async (t) => {
      const page = await browser.newPage()
      const answers: number[] = []
      page.on('response', (response) => {
        if (response.url().includes('/debug/')) answers.push(response.status())
      })
      await page.goto(`http://${from}:${port}/${to}`, { waitUntil: 'domcontentloaded' })
      await page.waitForFunction(`document.title === 'done'`)
      t.ok(answers.length >= 4, `${answers.length} requests were answered`)
      t.same([...new Set(answers)], [403])
      t.equal(app.paused, undefined)
      t.equal(app.reloads.last, last)
      await page.close()
    })
  }

  const page = await browser.newPage()
  await page.goto(`http://localhost:${debugPort}/debug`, { waitUntil: 'domcontentloaded' })
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  t.type(app.paused, 'number', 'its own page can')
})
