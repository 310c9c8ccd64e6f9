/** The number at an index. Throws a RangeError when there is none: a 0 in its place would be on the page. */
export function numberAt(numbers: Uint32Array | Float64Array, index: number): number {
  const number = numbers[index]
  if (number === undefined) throw new RangeError(`there is no number ${index} among ${numbers.length}`)
  return number
}
