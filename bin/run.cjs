import('../dist/src/cli.js')
