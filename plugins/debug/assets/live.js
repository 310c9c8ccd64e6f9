// Updates the page from the stream of the service, and sends its forms without leaving it.

const answer = document.getElementById('answer')
const search = document.getElementById('search')
const live = document.querySelector('main').dataset.live ?? `/debug/live${location.search}`
const events = new EventSource(live)

const icon = document.getElementById('icon')

events.addEventListener('message', ({ data }) => {
  const read = readElement()
  const before = read?.getBoundingClientRect().top
  for (const [id, html] of Object.entries(JSON.parse(data))) {
    const element = document.getElementById(id)
    // There are other collectors than when the page was loaded.
    if (element === null) return location.reload()
    element.innerHTML = html
  }
  sort()
  if (read?.isConnected) scrollBy({ top: read.getBoundingClientRect().top - before, behavior: 'instant' })
  const shown = document.querySelector('[data-icon]')?.dataset.icon
  if (shown !== undefined) icon.href = shown
})
events.addEventListener('open', () => document.body.classList.remove('lost'))
// The browser reconnects by itself, and is sent everything again.
events.addEventListener('error', () => {
  if (document.body.classList.contains('lost')) return
  document.body.classList.add('lost')
  icon.href = icon.dataset.lost
  document.title = `No answer · ${document.title}`
})

/** What somebody reads, which must not move: what the pointer is over, or else the middle of a page that was scrolled. */
function readElement() {
  const scrolled = scrollY > 0 ? document.elementFromPoint(innerWidth / 2, innerHeight / 2) : null
  const element = [...document.querySelectorAll('main :hover')].at(-1) ?? scrolled
  return element?.closest('main tr, main details, main section, main > *')
}

const RANKS = ['failing', 'warning', 'waiting', 'ok']

/** Puts what fails first, as the service does, unless somebody is among the rows: then it waits until they leave. */
function sort() {
  for (const list of document.querySelectorAll('.collectors tbody, #databases')) {
    const { top, bottom } = list.getBoundingClientRect()
    const isRead = (top < 0 && bottom > 0) || list.matches(':hover, :focus-within')
    if (isRead) continue
    const rows = Array.from(list.children, (row) => {
      const rank = RANKS.findIndex((state) => row.querySelector(`.c-state > .${state}, .counts > .${state}`))
      return { row, rank, place: Number(row.dataset.place) }
    })
    rows.sort((a, b) => a.rank - b.rank || a.place - b.place)
    for (const [i, { row }] of rows.entries()) {
      if (list.children[i] !== row) list.insertBefore(row, list.children[i])
    }
  }
}

const DONE = { collect: 'round started', reload: 'read again', pause: 'paused', resume: 'resumed' }

document.querySelector('header form')?.addEventListener('submit', async (event) => {
  event.preventDefault()
  answer.textContent = ''
  const url = event.submitter?.getAttribute('formaction') ?? event.target.getAttribute('action')
  try {
    const response = await fetch(url, { method: 'POST', headers: { accept: 'application/json' } })
    const { error, problems } = await response.json()
    const [, what] = /\/debug\/(\w+)/.exec(url)
    answer.textContent = response.ok ? DONE[what] : (error ?? problems.join('; '))
  } catch {
    answer.textContent = 'the service does not respond'
  }
})

/** Shows the rows that match the search, and keeps the search and the tab in the address. */
function filter() {
  for (const row of document.querySelectorAll('.collectors tbody tr')) {
    row.hidden = !row.firstElementChild.textContent.includes(search.value)
  }
  for (const database of document.querySelectorAll('details.database')) {
    const name = database.querySelector('summary b').textContent
    database.hidden =
      !name.includes(search.value) && database.querySelector('tbody tr:not([hidden])') === null
  }
  const query = new URLSearchParams(new FormData(search.form))
  for (const [name, value] of [...query]) if (value === '') query.delete(name)
  history.replaceState(null, '', `${location.pathname}${query.size === 0 ? '' : `?${query}`}${location.hash}`)
}

search?.form.addEventListener('input', filter)
search?.form.addEventListener('submit', (event) => event.preventDefault())
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target.matches('input[type=search]')) return
  event.preventDefault()
  document.querySelector('input[type=search]')?.focus()
})

for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
    button.textContent = 'Copied'
  })
}
