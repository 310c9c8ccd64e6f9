import t from 'tap'
import { plotRuns, plotSeries } from '../../../src/html/plot.ts'

const run = (seconds: number, failed = false, series = 1) => ({ seconds, failed, series })

t.test('a plot has a bar for each run, and a mark for each that failed', async (t) => {
  const { text } = plotRuns([run(1), run(2, true), run(0.5)])
  t.equal(text.match(/<path class="run"/g)?.length, 2)
  t.equal(text.match(/<path class="failed"/g)?.length, 1)
  t.equal(text.match(/<rect class="failure"/g)?.length, 1)
})

t.test('what a plot shows is told to a reader who cannot see it', async (t) => {
  t.match(
    plotRuns([run(1), run(2, true)]).text,
    'role="img" aria-label="last 2 runs: 1 failed, 2.00 s at most"',
  )
  t.match(
    plotSeries([run(1, false, 7), run(1, false, 12)]).text,
    'aria-label="series over the last 2 runs: 7 to 12"',
  )
})

t.test('without runs there is nothing to plot', async (t) => {
  t.equal(plotRuns([]).text, '')
  t.equal(plotSeries([run(1)]).text, '')
})

t.test('the longest bar is as high as the plot, and one of no time is still seen', async (t) => {
  const heights = [
    ...plotRuns([run(0), run(4), run(2)]).text.matchAll(/class="run" d="M[\d.]+ 20v-([\d.]+)/g),
  ]
  t.same(
    heights.map(([, height]) => Number(height)),
    [1, 20, 10],
  )
})
