// Updates the page from the stream of the service, and sends its forms without leaving it.

const answer = document.getElementById('answer')
const search = document.getElementById('search')
const live = document.querySelector('main').dataset.live ?? `/debug/live${location.search}`
const events = new EventSource(live)

events.addEventListener('message', ({ data }) => {
  for (const [id, html] of Object.entries(JSON.parse(data))) {
    const element = document.getElementById(id)
    // There are other collectors than when the page was loaded.
    if (element === null) return location.reload()
    element.innerHTML = html
  }
  const icon = document.querySelector('[data-icon]')?.dataset.icon
  if (icon !== undefined) document.getElementById('icon').href = icon
})
events.addEventListener('open', () => document.body.classList.remove('lost'))
// The browser reconnects by itself.
events.addEventListener('error', () => document.body.classList.add('lost'))

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
  if (event.key !== '/' || event.target instanceof HTMLInputElement) return
  event.preventDefault()
  document.querySelector('input[type=search]')?.focus()
})

for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
    button.textContent = 'Copied'
  })
}
