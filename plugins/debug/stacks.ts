// Makes stacks of a profile. Imports src/ and its own folder only.
import type { Frame } from '../../src/html/flame.ts'
import type { Profile } from './profiler.ts'

/** The stacks that only wait: in a picture of what takes time they would be all of it. */
const IDLE = new Set(['(idle)', '(program)'])

/** Makes one tree of the stacks of a CPU profile, with the processor time of each frame. */
export function stacksOf(profile: Profile): Frame {
  const { strings } = profile.stringTable
  const text = (index: number | bigint) => strings[Number(index)] ?? ''
  const functions = new Map(profile.function.map((one) => [Number(one.id), one]))
  const lines = new Map(profile.location.map((one) => [Number(one.id), one.line]))
  const types = profile.sampleType.map(({ type }) => text(type))
  const value = types.includes('cpu') ? types.indexOf('cpu') : types.length - 1
  const root: Frame = { name: 'all', place: '', seconds: 0, calls: new Map() }
  for (const sample of profile.sample) {
    const seconds = Number(sample.value[value] ?? 0) / 1e9
    // The leaf is first.
    const stack = sample.locationId.toReversed().flatMap((id) => lines.get(Number(id))?.toReversed() ?? [])
    const frames = stack.map(({ functionId }) => {
      const called = functions.get(Number(functionId))
      const file = called === undefined ? '' : text(called.filename).replace(/^file:\/\//, '')
      const line = Number(called?.startLine ?? 0)
      const name = (called && text(called.name)) || '(anonymous)'
      return { name, place: line > 0 && file !== '' ? `${file}:${line}` : file }
    })
    if (seconds <= 0 || frames.some(({ name }) => IDLE.has(name))) continue
    let at = root
    at.seconds += seconds
    for (const { name, place } of frames) {
      const key = `${name} ${place}`
      const next = at.calls.get(key) ?? { name, place, seconds: 0, calls: new Map() }
      next.seconds += seconds
      at.calls.set(key, next)
      at = next
    }
  }
  return root
}
