import { serverUrl } from './database.ts'

// The kit takes the server that all tests share.
process.env.TEST_DATABASE_URL = serverUrl()

export * from '../kit/kit.ts'
