/** Says which of `count` is next, by a random number from 0 to 1. */
export type Pick = (random: number) => number

/** Each as often as any other. */
export function uniform(count: number): Pick {
  return (random) => Math.floor(random * count)
}

/** The second is picked half as often as the first, the third a third as often, and so on: Zipf's law, with exponent 1. */
export function zipf(count: number): Pick {
  const sums: number[] = []
  let sum = 0
  for (let rank = 1; rank <= count; rank++) {
    sum += 1 / rank
    sums.push(sum)
  }
  return (random) => {
    const target = random * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] as number) > target) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Random numbers that are the same at each run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
