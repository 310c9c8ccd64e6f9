import axe, { type AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { freePort } from '../../../demo/port.ts'
import { defineCollector, gauge, open } from '../../../src/collector.ts'
import { lacksBrowser, startBrowser } from '../../browser.ts'
import { createDatabase } from '../../database.ts'
import { poll } from '../../poll.ts'
import { startService } from '../../service.ts'

/** Fails when the weather is not fine. */
const fragile = defineCollector({
  name: 'fragile',
  metrics: { business_fragile: gauge('One, in fine weather.') },
  query: (sql) => sql`
    SELECT 1 / fine AS business_fragile
      FROM weather`,
})

/** Waits for the lock of the rain. */
const patient = defineCollector({
  name: 'patient',
  labels: { place: open(10) },
  metrics: { business_rain: gauge('Rain of a place.') },
  query: (sql) => sql`
    SELECT place, sum(amount) AS business_rain
      FROM rain
     GROUP BY place`,
})

/** A service whose page is open in a browser; what the page complains of is collected. */
async function openPage(t: Test, browser: Browser, path = '/debug', options = {}) {
  const { url, sql } = await createDatabase(t, { schema: false })
  await sql.unsafe(`
    CREATE TABLE weather (fine int);
    INSERT INTO weather VALUES (1);
    CREATE TABLE rain (place text, amount int);
    INSERT INTO rain VALUES ('Bergen', 7), ('<b>Cairo</b>', 0)`)
  const port = await freePort()
  const env = { DATABASE_URL: url, DEBUG_PORT: String(port) }
  const service = await startService(t, env, { collectors: [fragile, patient] })
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`http://127.0.0.1:${port}${path}`)
  return { page, sql, service, complaints }
}

/** The row of a collector that has this text in it. */
const row = (page: Page, collector: string, text: RegExp) =>
  page.getByRole('row', { name: new RegExp(`^${collector}`) }).filter({ hasText: text })

/** Red, green and blue of the text of the first element that a selector finds. */
async function colourOf(page: Page, selector: string): Promise<number[]> {
  const text = await page.evaluate(`getComputedStyle(document.querySelector('${selector}')).color`)
  return (
    String(text)
      .match(/[\d.]+/g)
      ?.map(Number) ?? []
  )
}

t.setTimeout(1_800_000)

t.test('a browser shows the debug page as it is meant', { skip: lacksBrowser }, async (t) => {
  const browser = await startBrowser(t)

  await t.test(
    'the debug page shows in red that a collector fails, and that it works again, without a reload',
    async (t) => {
      const { page, sql, service, complaints } = await openPage(t, browser)
      await page.evaluate('globalThis.loaded = true')
      await row(page, 'fragile', /ok/).waitFor()
      await page.getByText('Healthy: 2 collectors').waitFor()

      await sql`UPDATE weather SET fine = 0`
      await service.round()
      await row(page, 'fragile', /failing/).waitFor()
      const health = page.getByRole('status', { name: 'Health' })
      await health.getByText('division by zero').waitFor()
      await health.getByText('fragile fails').waitFor()
      t.match(await page.title(), /^fragile fails · /)
      t.match(await page.locator('#icon').getAttribute('href'), 'c62828')
      const [red = 0, green = 0, blue = 0] = await colourOf(page, '[id="fragile.state"] span')
      t.ok(red > green + 50 && red > blue + 50, `its state is in rgb(${red}, ${green}, ${blue})`)
      await row(page, 'fragile', /failing/)
        .getByRole('img', { name: /^1 failed/ })
        .waitFor()

      await sql`UPDATE weather SET fine = 1`
      await service.round()
      await row(page, 'fragile', /ok/).waitFor()
      t.equal(await health.getByText('division by zero').count(), 0)
      t.match(await page.title(), /^OK · /)
      t.equal(await page.evaluate('globalThis.loaded'), true, 'it is the page that was loaded')
      t.same(complaints, [])
    },
  )

  await t.test(
    'a collector that begins to fail comes first, and nothing moves under the pointer',
    async (t) => {
      const { page, sql, service } = await openPage(t, browser, '/debug', {
        viewport: { width: 1280, height: 600 },
      })
      const names = () => page.locator('.collectors tbody th').allTextContents()
      await row(page, 'patient', /ok/).waitFor()
      t.same(await names(), ['fragile', 'patient'])
      const place = async () => Math.round((await row(page, 'patient', /./).boundingBox())?.y ?? 0)
      const before = await place()
      await page.mouse.move(640, before + 10)

      await sql`DROP TABLE rain`
      await service.round()
      await row(page, 'patient', /failing/).waitFor()
      t.equal(await place(), before, 'the row that is read stays, though the verdict above has more lines')
      t.same(await names(), ['fragile', 'patient'])

      await page.mouse.move(640, 2)
      await page.locator('.collectors tbody tr:first-child', { hasText: 'patient' }).waitFor()
      await sql`CREATE TABLE rain (place text, amount int)`
      await service.round()
      await page.locator('.collectors tbody tr:first-child', { hasText: 'fragile' }).waitFor()
      t.same(await names(), ['fragile', 'patient'], 'as before')
    },
  )

  await t.test('the debug page shows a round that its button starts, running and ended', async (t) => {
    const { page, sql, complaints } = await openPage(t, browser)
    await row(page, 'patient', /ok/).waitFor()
    const lock = await sql.reserve()
    await lock`BEGIN`
    await lock`LOCK TABLE rain`
    await page.getByRole('button', { name: 'Collect now' }).click()
    await page.getByText('round started').waitFor()
    await page.getByText(/Round running: 1 of 2 collectors.*patient/).waitFor()
    t.equal(await page.getByRole('progressbar').getAttribute('value'), '1')
    const answered = page.waitForResponse(/\/debug\/collect$/)
    await page.getByRole('button', { name: 'Collect now' }).click()
    t.equal((await answered).status(), 409)
    await page.getByText('a round is already running: retry when it has ended').waitFor()
    await lock`COMMIT`
    lock.release()
    await page.getByText(/Last round \d+ s ago/).waitFor()
    // That a request was refused is told by the browser, not by the page.
    t.same(complaints, [
      'error: Failed to load resource: the server responded with a status of 409 (Conflict)',
    ])
  })

  await t.test('the debug page says so when the service is gone', async (t) => {
    const { page, service } = await openPage(t, browser)
    await row(page, 'fragile', /ok/).waitFor()
    await service.app.close()
    await page.locator('body.lost').waitFor()
    t.match(await page.title(), /^No answer · OK · /)
    t.notMatch(await page.locator('#icon').getAttribute('href'), '1a7f4b', 'its icon is not green')
  })

  await t.test('the debug page shows the whole table with scripting off, and its button works', async (t) => {
    const { page, sql } = await openPage(t, browser, '/debug', { javaScriptEnabled: false })
    await row(page, 'fragile', /ok/).waitFor()
    await row(page, 'patient', /ok/).waitFor()
    await sql`UPDATE weather SET fine = 0`
    await page.getByRole('button', { name: 'Collect now' }).click()
    while ((await row(page, 'fragile', /failing/).count()) === 0) await page.reload()
  })

  await t.test(
    'the page of a collector finds samples, and explains the query without running it',
    async (t) => {
      const { page, sql, complaints } = await openPage(t, browser, '/debug/collectors/patient')
      await page
        .getByRole('listitem')
        .filter({ hasText: /^business_rain\{place="Bergen"\} 7/ })
        .waitFor()
      await page
        .getByRole('listitem')
        .filter({ hasText: /^business_rain\{place="<b>Cairo<\/b>"\} 0/ })
        .waitFor()
      await page.getByRole('searchbox').fill('bergen')
      await page.keyboard.press('Enter')
      await page.getByText('1 found.').waitFor()
      t.equal(await page.getByText('Cairo').count(), 0)
      await page.getByText('FROM rain').waitFor()
      const lock = await sql.reserve()
      await lock`BEGIN`
      await lock`SELECT FROM rain FOR UPDATE`
      await page.getByRole('button', { name: 'Explain' }).click()
      await page.getByText(/HashAggregate.*cost=/).waitFor()
      await lock`ROLLBACK`
      lock.release()
      t.same(complaints, [])
    },
  )

  for (const width of [360, 1440]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await t.test(
        `the debug page is accessible, and not wider than a window of ${width} px, ${colorScheme}`,
        async (t) => {
          const { page, sql, service, complaints } = await openPage(t, browser, '/debug', {
            viewport: { width, height: 800 },
            colorScheme,
            // The rules come as a script of the test's own.
            bypassCSP: true,
          })
          await sql`UPDATE weather SET fine = 0`
          await service.round()
          await row(page, 'fragile', /failing/).waitFor()
          await page.getByText('Settings in effect').click()
          const front = await service.app.listen({ host: '127.0.0.1', port: 0 })
          for (const path of [
            '/debug',
            '/debug/collectors/fragile',
            '/debug/pprof/',
            '/debug/pprof/flame',
            '/nowhere',
            `${front}/`,
          ]) {
            if (path !== '/debug') await page.goto(new URL(path, page.url()).href)
            await page.evaluate(axe.source)
            const { violations } = (await page.evaluate('axe.run()')) as AxeResults
            t.same(
              violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
              [],
              path,
            )
            t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, path)
          }
          t.same(
            complaints.filter((text) => !text.includes('404 (Not Found)')),
            [],
          )
        },
      )
    }
  }

  await t.test('the debug page can be used with the keyboard alone', async (t) => {
    const { page } = await openPage(t, browser)
    await row(page, 'fragile', /ok/).waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('round started').waitFor()
    // Past the buttons that pause and reload, the tabs and the search.
    for (let i = 0; i < 5; i++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/debug\/collectors\/fragile$/)
  })

  for (const width of [360, 1280]) {
    await t.test(
      `the debug page moves nothing while it loads and updates itself, in a window of ${width} px`,
      async (t) => {
        const { page, service } = await openPage(t, browser, '/debug', { viewport: { width, height: 800 } })
        await page.evaluate(`
        globalThis.moved = []
        new PerformanceObserver((list) => {
          for (const { sources } of list.getEntries()) moved.push(...sources.map(({ node }) => node?.outerHTML))
        }).observe({ type: 'layout-shift', buffered: true })`)
        for (let times = 0; times < 3; times++) {
          const before = await page.locator('#round').textContent()
          await service.round()
          await poll(
            () => page.locator('#round').textContent(),
            (text) => text !== before,
          )
          await page.getByText(/Last round \d+ s ago/).waitFor()
        }
        t.same(await page.evaluate('moved'), [])
      },
    )
  }
})
