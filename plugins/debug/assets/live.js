// Updates the page from the events of the service, and starts rounds without leaving the page.

const answer = document.getElementById('answer')
const events = new EventSource('/debug/live')

events.addEventListener('message', ({ data }) => {
  for (const [id, html] of Object.entries(JSON.parse(data))) {
    const element = document.getElementById(id)
    // There are other collectors than when the page was loaded.
    if (element === null) return location.reload()
    element.innerHTML = html
  }
})
events.addEventListener('open', () => document.body.classList.remove('lost'))
// The browser reconnects by itself.
events.addEventListener('error', () => document.body.classList.add('lost'))

document.querySelector('form')?.addEventListener('submit', async (event) => {
  event.preventDefault()
  answer.textContent = ''
  try {
    const headers = { accept: 'application/json' }
    const response = await fetch('/debug/collect', { method: 'POST', headers })
    const { error } = await response.json()
    answer.textContent = response.ok ? 'round started' : error
  } catch {
    answer.textContent = 'the service does not respond'
  }
})
