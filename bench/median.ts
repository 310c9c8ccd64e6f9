/** The middle one of the numbers, or the upper of the two. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

/** The number that this part of the numbers is below. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(part * sorted.length)] ?? Number.NaN
}
