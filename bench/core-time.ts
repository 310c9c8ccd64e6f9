/** Milliseconds of the core that a usage is: that since another one, if it was given to `process.cpuUsage`. */
export function coreTime({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
