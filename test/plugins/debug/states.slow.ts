import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import t from 'tap'
import { lacksBrowser, startBrowser } from '../../browser.ts'
import { STATES, single, startShop } from './states.ts'

/** Collects what moves on a page by itself. */
const WATCH = `
  globalThis.moved = []
  new PerformanceObserver((list) => {
    for (const { sources } of list.getEntries()) moved.push(...sources.map(({ node }) => node?.outerHTML ?? 'a node that is gone'))
  }).observe({ type: 'layout-shift', buffered: true })`

/** What the rules of accessibility have against a page. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

t.setTimeout(1_800_000)

t.test('a browser shows each state of the service as it is meant', { skip: lacksBrowser }, async (t) => {
  const browser = await startBrowser(t)
  for (const [name, { says, make }] of Object.entries(STATES)) {
    await t.test(`the debug page of a service that is ${name} is right in each window`, async (t) => {
      const shown = await make(t)
      // The rules come as a script of the test's own.
      const page = await browser.newPage({ viewport: { width: 390, height: 900 }, bypassCSP: true })
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.addInitScript(WATCH)
      const live = page.waitForResponse(/\/debug\/live/)
      await page.goto(`${shown.url}/debug`, { waitUntil: 'domcontentloaded' })
      await live
      const health = page.locator('#health')
      await health.filter({ hasText: says }).waitFor()
      // While rounds run and fail, lines come and go.
      if (name === 'healthy') t.same(await page.evaluate('moved'), [])
      if (name === 'lost') {
        await shown.service.app.close()
        await page.locator('body.lost').waitFor()
      }
      for (const width of [390, 1440]) {
        for (const colorScheme of ['light', 'dark'] as const) {
          const what = `${width} px, ${colorScheme}`
          await page.setViewportSize({ width, height: 900 })
          await page.emulateMedia({ colorScheme })
          t.same(await faults(page), [], what)
          t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, what)
        }
      }
      t.same(
        complaints.filter((text) => !/ERR_/.test(text)),
        [],
      )
      await page.close()
    })
  }

  await t.test('the page of a hundred collectors has less than 200 kB', async (t) => {
    const collectors = Array.from({ length: 95 }, (_, i) => single(`question-${i}`, String(i)))
    const { url, service } = await startShop(t, collectors)
    for (let i = 0; i < 5; i++) await service.round()
    // An hour in which each minute was different.
    for (const { history } of service.database.collectors.list) {
      for (let i = 0; i < 60; i++)
        history.add(Date.now() + i * history.span, i % 2 ? 'ok' : 'failed', 0.001 * 2 ** (i % 13))
    }
    const page = await (await fetch(`${url}/debug`)).text()
    t.ok(Buffer.byteLength(page) < 200_000, `${Buffer.byteLength(page)} bytes`)
  })

  await t.test('tabs, the search and the keyboard find collectors, and the address keeps it', async (t) => {
    const { url } = await STATES.failing.make(t)
    const page = await browser.newPage()
    await page.goto(`${url}/debug`, { waitUntil: 'domcontentloaded' })
    const rows = () => page.locator('.collectors tbody tr:visible th').allTextContents()
    t.equal((await rows()).length, 9)
    await page.getByRole('radio', { name: 'Failing' }).check()
    t.same(await rows(), ['average', 'parcels', 'parcels-open', 'parcels-late'])
    await page.keyboard.press('ArrowRight')
    t.same(await rows(), [], 'the next tab')
    await page.keyboard.press('ArrowLeft')
    await page.locator('body').press('/')
    await page.keyboard.type('late')
    t.same(await rows(), ['parcels-late'])
    await page.reload({ waitUntil: 'domcontentloaded' })
    t.same(await rows(), ['parcels-late'], 'a reload shows the same')
  })
})
