import diagnostics from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import t from 'tap'
import { createDatabase } from '../../database.ts'
import { open } from './open.ts'

t.test('what was read of a large result is given back before more of it is read', async (t) => {
  const ROWS = 20_000
  const { url } = await createDatabase(t, { schema: false })
  const sockets = new Set<Socket>()
  const take = (message: unknown) => void sockets.add((message as { socket: Socket }).socket)
  diagnostics.subscribe('net.client.socket', take)
  t.teardown(() => diagnostics.unsubscribe('net.client.socket', take))
  const { db, signal } = open(t, url)
  const snapshot = await db.snapshot(signal)
  let chunks = 0
  let kept = 0
  // Behind the service's own listener.
  for (const socket of sockets) {
    socket.on('data', ({ byteLength }: Buffer) => {
      chunks++
      kept = Math.max(kept, byteLength)
    })
  }
  const rows = await snapshot.run(
    5000,
    signal,
    (sql) =>
      sql<
        { text: string }[]
      >`SELECT n || repeat('a', 100) AS text FROM generate_series(1, ${ROWS}::int) AS n`,
  )
  await snapshot.close()
  t.ok(chunks > 20, `it came in ${chunks} chunks`)
  t.ok(kept < 4096, `a chunk has ${kept} bytes after it was read`)
  t.equal(rows.length, ROWS)
  t.same(
    rows.filter(({ text }, i) => text !== `${i + 1}${'a'.repeat(100)}`),
    [],
    'and no row has bytes of another',
  )
})
