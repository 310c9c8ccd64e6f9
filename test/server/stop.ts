import { readFileSync, rmSync } from 'node:fs'
import { poll } from '../poll.ts'
import { type Server, serverFile } from './file.ts'

/** Runs after all tests: stops the server that they shared, and waits until it is gone. */
const { keeper }: Server = JSON.parse(readFileSync(serverFile, 'utf8'))
rmSync(serverFile)
if (keeper !== undefined) {
  process.kill(keeper, 'SIGTERM')
  await poll(
    () => isAlive(keeper),
    (alive) => !alive,
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
