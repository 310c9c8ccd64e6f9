/** What the image runs: the service, or with `check` as its first argument that. */
const [command, ...rest] = process.argv.slice(2)
process.argv.splice(2, 1)
if (command === undefined) {
  await import('./server.ts')
} else if (command === 'check') {
  await import('./check/check.ts')
} else {
  process.stderr.write(
    `there is no command ${JSON.stringify([command, ...rest].join(' '))}: give none for the service, or check [option …] [name …]\n`,
  )
  process.exitCode = 2
}
