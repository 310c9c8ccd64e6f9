import { Incident } from '../time/incident.ts'

/** An incident for each collector, by name: it lasts though another version of the collector takes its place. */
export class Incidents {
  readonly #incidents = new Map<string, Incident>()

  of(name: string): Incident {
    const incident = this.#incidents.get(name) ?? new Incident()
    this.#incidents.set(name, incident)
    return incident
  }

  /** Forgets those of all other collectors. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#incidents.keys()) if (!names.has(name)) this.#incidents.delete(name)
  }
}
