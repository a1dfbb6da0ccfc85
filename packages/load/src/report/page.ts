/** Style and script of the HTML report; nothing is loaded from anywhere. */

export const STYLE = `
:root { color-scheme: light dark; --bg: #f7f7f5; --card: #fff; --text: #1d1d1b; --dim: #65655f; --line: #e2e2dc;
  --good: #1a7f4b; --bad: #c0322b; --warn: #9a6700; --c1: #2563a8; --c2: #b4540a; --c3: #8b3a9e; --c4: #1a7f4b; }
@media (prefers-color-scheme: dark) { :root { --bg: #16171a; --card: #1f2125; --text: #e8e8e4; --dim: #9a9a94; --line: #34363b;
  --good: #4cc38a; --bad: #ff7369; --warn: #e2a93b; --c1: #6aa9ee; --c2: #f0994d; --c3: #cd8be0; --c4: #4cc38a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 22px; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 16px; margin: 32px 0 10px; }
.dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
header { display: flex; gap: 14px; align-items: baseline; flex-wrap: wrap; }
.verdict { font-weight: 700; font-size: 15px; padding: 3px 12px; border-radius: 99px; border: 2px solid currentColor; white-space: nowrap; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 10px; margin-top: 20px; }
.card, .chart, .box { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; margin: 0; }
.card b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; } .card span { color: var(--dim); font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr)); gap: 12px; }
.chart { position: relative; } figcaption { display: flex; justify-content: space-between; gap: 10px; flex-wrap: wrap; margin-bottom: 6px; }
.legend { display: flex; gap: 12px; font-size: 13px; color: var(--dim); } .legend i { display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: middle; border-radius: 2px; background: var(--c); }
svg { width: 100%; height: auto; display: block; overflow: visible; } svg text { font-size: 11px; fill: var(--dim); }
.c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); } .c4 { --c: var(--c4); }
.line { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; } .area { fill: var(--c); opacity: .14; }
.grid { stroke: var(--line); } .limit { stroke: var(--bad); stroke-dasharray: 5 4; } .cursor { stroke: var(--dim); visibility: hidden; }
.chart output { position: absolute; top: 44px; pointer-events: none; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 5px 9px; font-size: 13px; display: none; white-space: pre; font-variant-numeric: tabular-nums; box-shadow: 0 2px 8px #0003; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } th, td { text-align: left; padding: 6px 12px; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child td { border-bottom: 0; } th { font-weight: 600; color: var(--dim); font-size: 13px; } td.n, th.n { text-align: right; } td.wide { white-space: normal; overflow-wrap: anywhere; min-width: 200px; }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; font-size: 12.5px; line-height: 1.45; margin: 0; }
th:empty { width: 1%; }
@media (max-width: 520px) { svg text { font-size: 17px; } th, td { padding: 6px 8px; } td.wide { min-width: 130px; } main { padding: 18px 14px 40px; } }
details { margin-top: 12px; } summary { cursor: pointer; color: var(--dim); } ul, ol { margin: 0; padding-left: 20px; }
`

export const SCRIPT = `
for (const chart of document.querySelectorAll('.chart')) {
  const data = JSON.parse(chart.querySelector('script').textContent)
  const svg = chart.querySelector('svg'), cursor = svg.querySelector('.cursor'), out = chart.querySelector('output')
  const count = Math.max(2, ...data.lines.map((line) => line.texts.length))
  const hide = () => { cursor.style.visibility = 'hidden'; out.style.display = 'none' }
  svg.addEventListener('pointerleave', hide)
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect()
    const share = ((event.clientX - box.left) / box.width - data.left) / (1 - data.left - data.right)
    const index = Math.round(Math.min(1, Math.max(0, share)) * (count - 1))
    const at = data.left + (index / (count - 1)) * (1 - data.left - data.right)
    cursor.setAttribute('x1', at * 600); cursor.setAttribute('x2', at * 600); cursor.style.visibility = 'visible'
    const seconds = Math.round((index * data.step) / 1000)
    out.textContent = [Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0'),
      ...data.lines.map((line) => line.label + '  ' + (line.texts[index] ?? '–'))].join('\\n')
    out.style.display = 'block'
    const left = at * box.width + 14 + (svg.offsetLeft || 14)
    const width = out.offsetWidth
    out.style.left = (left + width > chart.clientWidth ? left - width - 28 : left) + 'px'
  })
}
`
