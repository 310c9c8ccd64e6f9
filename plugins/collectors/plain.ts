// Plain plugins as collectors. Imports src/ only.
import type { FastifyInstance, FastifyPluginAsync, FastifyPluginCallback } from 'fastify'
import { type Culprit, runAs } from '../../src/contract/culprit.ts'

/** A plugin of a file that does with the app what it likes: mostly it adds a collector. */
export type PlainPlugin = FastifyPluginAsync | FastifyPluginCallback

/** Makes a plugin of it that never fails: `failed` is told instead. */
export function harmless(
  plugin: PlainPlugin,
  culprit: Culprit,
  failed: (error: unknown) => void,
): FastifyPluginAsync {
  const harmless: FastifyPluginAsync = async (app) => {
    try {
      await runAs(culprit, () => call(plugin, app))
    } catch (error) {
      failed(error)
    }
  }
  // What fastify-plugin has put on it, such as that it shares the app.
  for (const symbol of Object.getOwnPropertySymbols(plugin)) {
    Reflect.set(harmless, symbol, Reflect.get(plugin, symbol))
  }
  return harmless
}

function call(plugin: PlainPlugin, app: FastifyInstance): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => (error === undefined ? resolve() : reject(error))
    const result = plugin(app, {}, done)
    if (result instanceof Promise) result.then(() => resolve(), reject)
    else if (plugin.length < 3) resolve()
  })
}
