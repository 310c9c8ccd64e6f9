import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { type Finding, Mistake } from '../finding.ts'
import { type Collector, collectorOf } from './collector.ts'
import type { Definition, WindowOptions } from './definition.ts'
import type { Labels } from './label.ts'
import type { Metrics } from './metric.ts'
import { problemsOf } from './problems.ts'

declare module 'fastify' {
  interface FastifyInstance {
    collectors: Collectors
  }
}

/** The set of collectors that a service runs. */
interface Collectors {
  /**
   * Adds a collector to every database that it is for, unless COLLECTORS leaves it out. Throws an Error if its name or
   * a metric of it is taken, or if it can never keep within its series budget.
   */
  add(collector: Collector): void
  /** Throws an Error if COLLECTORS names an unknown collector. Call it once all collectors are added. */
  checkEnabled(): void
}

/** A Fastify plugin that adds its collector to those of the service. */
export type CollectorPlugin = FastifyPluginAsync & { readonly collector: Collector }

/**
 * Makes a Fastify plugin of a definition. Throws an Error that names the collector and everything that is wrong with
 * it, such as a name that Prometheus or PostgreSQL does not accept, or an interval that is not a duration.
 */
export function defineCollector<
  const L extends Labels = Record<never, never>,
  const M extends Metrics = Metrics,
  const W extends WindowOptions | undefined = undefined,
>(definition: Definition<L, M, W>): CollectorPlugin {
  const collector = checkDefinition(definition as unknown as Definition)
  const plugin = fp(async (app) => app.collectors.add(collector), {
    name: `collector-${collector.name}`,
    dependencies: ['collectors'],
  })
  return Object.assign(plugin, { collector }) as CollectorPlugin
}

function checkDefinition(definition: Definition): Collector {
  const findings = problemsOf(definition)
  if (findings.length === 0) return collectorOf(definition)
  const advice = findings.flatMap(({ advice }) => advice ?? [])
  throw new DefinitionError(definition.name, {
    problem: findings.map(({ problem }) => problem).join('; '),
    advice: advice.length === 0 ? undefined : advice.join('; '),
    about: findings.find(({ about }) => about !== undefined)?.about,
  })
}

/** A definition is wrong. */
class DefinitionError extends Mistake {
  override name = 'DefinitionError'
  /** The name in the definition, whatever it is. */
  readonly collector: unknown

  constructor(collector: unknown, { problem, advice, about }: Finding) {
    super(`collector "${collector}": ${problem}`, advice, { about })
    this.collector = collector
  }
}
