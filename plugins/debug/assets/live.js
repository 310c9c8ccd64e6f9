// Puts what the service tells into its places, and has the button start a round without leaving the page.

const answer = document.getElementById('answer')
const events = new EventSource('/debug/events')

events.addEventListener('message', ({ data }) => {
  for (const [id, html] of Object.entries(JSON.parse(data))) {
    const place = document.getElementById(id)
    // The service has a collector more or less than when the page was loaded: it is another one by now.
    if (place === null) return location.reload()
    place.innerHTML = html
  }
})
events.addEventListener('open', () => document.body.classList.remove('lost'))
// The browser connects again by itself.
events.addEventListener('error', () => document.body.classList.add('lost'))

document.querySelector('form')?.addEventListener('submit', async (event) => {
  event.preventDefault()
  answer.textContent = ''
  try {
    const headers = { accept: 'application/json' }
    const response = await fetch('/debug/collect', { method: 'POST', headers })
    const { error } = await response.json()
    answer.textContent = response.ok ? 'a round was started' : error
  } catch {
    answer.textContent = 'the service does not answer'
  }
})
