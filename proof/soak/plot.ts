import * as echarts from 'echarts'
import type { Point } from '../../test/leaks/kit/slope.ts'

export interface Line {
  name: string
  color: string
  /** By seconds. */
  points: Point[]
  /** Drawn one by one, without a line between them. */
  dots?: boolean
}

/** A chart of its own, below the others and over the same time. */
export interface Panel {
  title: string
  unit: string
  lines: Line[]
  /** What the lines are to stay below. */
  bound?: { value: number; label: string }
}

export interface Plot {
  title: string
  subtitle: string
  seconds: number
  panels: Panel[]
  /** Seconds, which all panels mark. */
  faults: number[]
}

const WIDTH = 1_000
const PANEL = { top: 140, height: 130, gap: 84, left: 75, right: 35 }
const FONT = 'Helvetica, Arial, sans-serif'
const GREY = '#555'
const PALE = '#e8e8e8'
const FAULT = '#c0392b'

/** As an SVG. */
export function draw(plot: Plot): string {
  const height = topOf(plot.panels.length) - PANEL.gap / 2
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#fff',
      textStyle: { fontFamily: FONT },
      title: [heading(plot), ...plot.panels.map(({ title }, index) => panelTitle(title, index))],
      legend: plot.panels.map(({ lines }, index) => legend(lines, index)),
      grid: plot.panels.map((_, index) => ({ ...sides, top: topOf(index), height: PANEL.height })),
      xAxis: plot.panels.map((_, gridIndex) => timeAxis(gridIndex, plot.seconds)),
      yAxis: plot.panels.map((panel, gridIndex) => valueAxis(gridIndex, panel)),
      series: plot.panels.flatMap((panel, index) => series(panel, index, plot.faults)),
    })
    return chart.renderToSVGString()
  } finally {
    chart.dispose()
  }
}

const sides = { left: PANEL.left, right: PANEL.right }

function topOf(panel: number): number {
  return PANEL.top + panel * (PANEL.height + PANEL.gap)
}

function heading({ title, subtitle }: Plot) {
  return {
    text: title,
    subtext: subtitle,
    left: 20,
    top: 16,
    itemGap: 8,
    textStyle: { fontSize: 19, color: '#222' },
    subtextStyle: { fontSize: 13, lineHeight: 19, color: GREY },
  }
}

function panelTitle(text: string, index: number) {
  return { text, left: 20, top: topOf(index) - 36, textStyle: { fontSize: 14, color: '#222' } }
}

function legend(lines: Line[], index: number) {
  return {
    data: lines.map(({ name }) => name),
    right: PANEL.right,
    top: topOf(index) - 34,
    icon: 'rect',
    itemWidth: 18,
    itemHeight: 3,
    itemGap: 30,
    textStyle: { fontSize: 12, color: GREY },
  }
}

function timeAxis(gridIndex: number, seconds: number) {
  return {
    gridIndex,
    type: 'value',
    min: 0,
    max: seconds,
    interval: seconds <= 120 ? 10 : 30,
    axisLabel: { color: GREY, formatter: minutes },
    axisLine: { lineStyle: { color: GREY } },
    splitLine: { show: false },
  }
}

function valueAxis(gridIndex: number, { unit, bound }: Panel) {
  return {
    gridIndex,
    type: 'value',
    min: 0,
    // Room for the bound and its label.
    ...(bound === undefined ? {} : { max: Math.ceil((bound.value * 1.3) / 10) * 10 }),
    splitNumber: 4,
    name: unit,
    nameLocation: 'middle',
    nameGap: 42,
    nameTextStyle: { fontSize: 12, color: GREY },
    axisLabel: { color: GREY },
    splitLine: { lineStyle: { color: PALE } },
  }
}

/** The marks of a panel are those of its first line. */
function series({ lines, bound }: Panel, index: number, faults: number[]) {
  return lines.map(({ name, color, points, dots = false }, line) => ({
    name,
    type: dots ? 'scatter' : 'line',
    symbolSize: 6,
    xAxisIndex: index,
    yAxisIndex: index,
    data: points.map(({ x, y }) => [x, y]),
    color,
    lineStyle: { width: 1.5, color },
    showSymbol: false,
    ...(line === 0 ? { markLine: marks(faults, bound) } : {}),
  }))
}

function marks(faults: number[], bound: Panel['bound']) {
  const dashes = faults.map((xAxis) => ({
    xAxis,
    label: { show: false },
    lineStyle: { color: FAULT, opacity: 0.45, type: 'dashed', width: 1 },
  }))
  const limit = bound && {
    yAxis: bound.value,
    label: { formatter: bound.label, position: 'insideEndTop', color: GREY, fontSize: 12 },
    lineStyle: { color: '#222', type: 'solid', width: 1 },
  }
  return { silent: true, symbol: 'none', data: limit === undefined ? dashes : [...dashes, limit] }
}

function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
