import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'
import { lacks } from './program.ts'

/** Why a test that needs a browser is skipped; false when there is one. */
export const lacksBrowser = lacks('chromium', 'chromium')

/** What keeps it from asking anything of anybody but the page, and from a sandbox that root has not. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The Chromium of this machine, without a window. */
export async function startBrowser(t: Test): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })
  t.teardown(() => browser.close())
  return browser
}
