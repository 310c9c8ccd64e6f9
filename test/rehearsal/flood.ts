import { Agent, request } from 'node:https'

/**
 * Asks the services at these ports for their pages as fast as they answer, until it is ended: `node flood.ts PORT…`. A process
 * of its own, so that it does not hold up the networks of the rehearsal.
 */

/** Requests at once, to each. */
const AT_ONCE = 50
const PATHS = ['/metrics', '/', '/healthz', '/nowhere']

const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })

function ask(port: string, number: number): void {
  const path = PATHS[number % PATHS.length]
  const again = () => setImmediate(ask, port, number + 1)
  const asked = request({ host: '127.0.0.1', port, path, agent }, (response) => {
    response.on('close', again).on('error', () => {})
    response.resume()
  })
  // Soon again, when it is refused: the one that is flooded may be away.
  asked.on('error', () => setTimeout(again, 100)).end()
}

for (const port of process.argv.slice(2)) for (let i = 0; i < AT_ONCE; i++) ask(port, i)
