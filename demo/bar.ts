import { SLOTS } from './scale.ts'
import type { Screen } from './screen.ts'

/** The most cells of the bar, and its share of a line that is too short for them. */
const LENGTH = 40
const SHARE = 0.22

/**
 * A line with the connections against the slots of the server, a mark at `bound`, and those of `parts` that fit, the
 * most important first.
 */
export function liveLine(screen: Screen, connections: number, bound: number, parts: string[]): string {
  const length = Math.min(LENGTH, Math.floor(screen.width * SHARE))
  const cell = (slots: number) => Math.round((slots / SLOTS) * length)
  const bar = Array.from({ length }, (_, index) => {
    if (index < cell(connections)) return '█'
    return index === cell(bound) ? '│' : '░'
  }).join('')
  const figure = ` ${String(connections).padStart(3)}/${SLOTS}`
  let room = screen.width - '  '.length - length - figure.length
  const fitting = parts.filter((part) => {
    room -= ' · '.length + part.length
    return room >= 0
  })
  // At the bound of the extension there is room left on the server; at that of the server there is none.
  const full = connections >= SLOTS - 1 || connections > bound
  return `  ${[screen.paint(full ? 'red' : 'green', bar) + figure, ...fitting].join(' · ')}`
}
