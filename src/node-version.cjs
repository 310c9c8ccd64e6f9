// Before each script of npm. Old versions of Node.js read this file: it has nothing that they cannot parse.
const { engines, name } = require('../package.json')

const wanted = /(\d+)\.(\d+)/.exec(engines.node)
const own = process.versions.node.split('.')
if (Number(own[0]) * 1000 + Number(own[1]) < Number(wanted[1]) * 1000 + Number(wanted[2])) {
  process.stderr.write(
    `${name} needs Node.js ${wanted[1]}.${wanted[2]} or newer, and this is ${process.versions.node}: ` +
      'npm ci installs one for its scripts, unless optional packages are left out\n',
  )
  process.exitCode = 1
}
