#!/usr/bin/env node
// Old versions of Node.js read this file: it has nothing that they cannot parse, which import() is.
const { engines, name } = require('../package.json')

const [, major, minor] = /(\d+)\.(\d+)/.exec(engines.node)
const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number)
if (ownMajor < Number(major) || (ownMajor === Number(major) && ownMinor < Number(minor))) {
  console.error(`${name} needs Node.js ${major}.${minor} or newer, and this is ${process.versions.node}.`)
  process.exitCode = 1
} else {
  // No signal opens a debugger, as with --disable-sigusr1, which the first line cannot hold.
  process.on('SIGUSR1', () => {})
  require('./run.cjs')
}
