import t from 'tap'
import { kit } from '#kit'
import payments from '../../cookbook/payments.ts'

t.test('a payment counts once, when it is committed', async (t) => {
  const { sql, collect } = await kit(t, { schema: 'cookbook/schema.sql', collectors: [payments] })
  const pay = (age: string) => sql`
    INSERT INTO payments (method, outcome, create_time)
    VALUES ('card', 'declined', now() - ${age}::interval)`
  const declined = 'business_payments_total{method="card",outcome="declined"}'

  await pay('0 seconds')
  t.equal((await collect())[declined], 1)

  // Committed late, but within the settle of ten minutes; and later than that.
  await pay('9 minutes')
  await pay('11 minutes')
  t.equal((await collect())[declined], 2)

  // Each run asks again for the last ten minutes, and counts no row twice.
  t.equal((await collect())[declined], 2)
})
