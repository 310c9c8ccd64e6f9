/**
 * Lets the process that started this program ask it something, after it was told that this one is ready. The program
 * ends with that process.
 */
export function answer<Question>(ready: object, reply: (question: Question) => Promise<object>): void {
  process.on('disconnect', () => process.exit())
  // The one who asks is of the same benchmark, and asks what this program answers.
  process.on('message', async (question) => process.send?.(await reply(question as Question)))
  process.send?.(ready)
}
