import { isIPv4 } from 'node:net'

/** Whether only this machine reaches a host: an address, or the name localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
