import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds between an answer and the next question. */
const PACE = 20

/**
 * Asks something that sends no signal until its answer is as wanted, and resolves to that answer. A test that waits in
 * vain runs into its own time limit.
 */
export async function poll<Answer>(
  ask: () => Answer | Promise<Answer>,
  wanted: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    await delay(PACE)
  }
}
