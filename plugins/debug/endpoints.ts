// The endpoints of a database. Imports src/ only.
import type { Database } from '../../src/database.ts'
import { standingBy } from '../../src/health/database-problems.ts'
import { type Html, html } from '../../src/html/html.ts'
import { formatAge } from '../../src/time/age.ts'

/** The most databases whose endpoints are listed; of more, only those are where one is down. */
const MOST = 5

/** Renders the endpoints of databases: which is up, which is used, and how far one is behind. */
export function endpoints(databases: readonly Database[]): Html {
  if (databases.length <= MOST) return html`${databases.map(endpointsOf)}`
  const all = databases.flatMap(({ db }) => db.endpoints)
  const worse = databases.filter(({ db }) => db.endpoints.some(({ up }) => !up))
  const votes = `${all.filter(({ up }) => up).length} of ${all.length} endpoints up`
  return html`<span>${votes}, in ${databases.length} databases</span>${worse.slice(0, MOST).map(endpointsOf)}`
}

function endpointsOf({ db, name, leader, ...others }: Database): Html {
  const endpoints = db.endpoints.map(({ name, up, role, error }) => {
    const state = !up ? 'down' : role?.inRecovery ? 'standby' : 'primary'
    const use = up && name === db.current ? html` <span class="use">in use</span>` : undefined
    const lag = role?.lag ? html` <small>${formatAge(role.lag)} behind</small>` : undefined
    const reason = error === undefined ? undefined : html` <small>${error.replace(`${name}: `, '')}</small>`
    return html`<li><span class="${up ? 'ok' : 'failing'}">${state}</span> ${name}${use}${lag}${reason}</li>`
  })
  const votes = `${db.votes} of ${db.endpoints.length} endpoints up`
  const lead = leader.elected
    ? html` <small>${leader.trustedUntil > performance.now() ? 'this replica leads' : (leader.hindrance ?? standingBy({ db, name: undefined, leader, ...others }))}</small>`
    : undefined
  return html`<div>${name === undefined ? undefined : html`<b>${name}</b> `}<span>${votes}</span>${lead}<ul>${endpoints}</ul></div>`
}
