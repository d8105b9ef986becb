import * as echarts from 'echarts'

/** A chart of its own, beside the others. */
export interface BarPanel {
  title: string
  /** Of one bar each, from the top. */
  bars: { name: string; value: number; color: string }[]
  /** What is shown at the end of a bar. */
  label(value: number): string
}

export interface BarPlot {
  title: string
  subtitle: string
  panels: BarPanel[]
}

/** Ours, and what it is beside. */
export const COLORS = { ours: '#1f77b4', other: '#b0b7bf', broken: '#d9825b' }

const PANEL = { width: 300, right: 70, top: 60, bar: 30, bottom: 20 }
const HEAD = 70
const NARROWEST = 760
/** Pixels of a letter in a label. */
const LETTER = 6.5
const FONT = 'Helvetica, Arial, sans-serif'
const GREY = '#555'

/** Panels of horizontal bars, side by side in rows of three or two, as an SVG. */
export function drawBars({ panels, subtitle, title }: BarPlot): string {
  const columns = panels.length % 3 === 0 ? 3 : Math.min(2, panels.length)
  const labels = panels.flatMap(({ bars }) => bars.map(({ name }) => name.length))
  const left = Math.max(...labels) * LETTER + 24
  const panelWidth = left + PANEL.width
  const panelHeight = PANEL.top + Math.max(...panels.map(({ bars }) => bars.length)) * PANEL.bar + PANEL.bottom
  const leftOf = (index: number) => (index % columns) * panelWidth + left
  const topOf = (index: number) => HEAD + Math.floor(index / columns) * panelHeight
  const chart = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: Math.max(NARROWEST, columns * panelWidth),
    height: HEAD + Math.ceil(panels.length / columns) * panelHeight,
  })
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#fff',
      textStyle: { fontFamily: FONT },
      title: [
        { text: title, subtext: subtitle, left: 20, top: 16, textStyle: { fontSize: 19, color: '#222' } },
        ...panels.map((panel, index) => ({
          text: panel.title,
          left: leftOf(index) - 5,
          top: topOf(index) + PANEL.top - 34,
          textStyle: { fontSize: 14, color: '#222' },
        })),
      ],
      grid: panels.map(({ bars }, index) => ({
        left: leftOf(index),
        width: PANEL.width - PANEL.right,
        top: topOf(index) + PANEL.top,
        height: bars.length * PANEL.bar,
      })),
      xAxis: panels.map((_, gridIndex) => ({ gridIndex, type: 'value', min: 0, show: false })),
      yAxis: panels.map(({ bars }, gridIndex) => ({
        gridIndex,
        type: 'category',
        inverse: true,
        data: bars.map(({ name }) => name),
        axisTick: { show: false },
        axisLabel: { color: GREY, fontSize: 12 },
      })),
      series: panels.map(({ bars, label }, index) => ({
        type: 'bar',
        xAxisIndex: index,
        yAxisIndex: index,
        barWidth: '62%',
        data: bars.map(({ color, value }) => ({
          value,
          itemStyle: { color },
          label: { show: true, position: 'right', formatter: label(value), color: '#222' },
        })),
      })),
    })
    return chart.renderToSVGString()
  } finally {
    chart.dispose()
  }
}
