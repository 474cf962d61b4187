"""The style of the page about an evaluation: light, dark and print. Colours of Okabe and Ito, which the colour-blind can tell apart."""

STYLE = """
:root { color-scheme: light dark; --bg: #f6f7f8; --card: #fff; --line: #d9dde1; --text: #1b1f23; --dim: #59616a; --curve: #0072b2;
  --false: #d55e00; --found: #0072b2; --truth: #e69f00; --warn: #fff4d6; }
@media (prefers-color-scheme: dark) { :root { --bg: #121416; --card: #1a1d20; --line: #34393f; --text: #e6e8ea; --dim: #a2abb4;
  --curve: #56b4e9; --false: #ff8a3c; --found: #56b4e9; --truth: #e69f00; --warn: #3a2f12; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 16px 48px; max-width: 1240px; background: var(--bg); color: var(--text);
  font: 15px/1.5 Pretendard, system-ui, "Noto Sans KR", "Apple SD Gothic Neo", sans-serif; font-variant-numeric: tabular-nums; }
h1 { font-size: 22px; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 17px; margin: 28px 0 12px; }
h3 { font-size: 15px; margin: 0 0 6px; overflow-wrap: anywhere; }
a { color: var(--curve); } .dim { color: var(--dim); } p { margin: 6px 0; max-width: 92ch; }
.about { color: var(--dim); margin: 2px 0 16px; overflow-wrap: anywhere; max-width: none; }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px; margin: 0 0 12px; }
.warning { background: var(--warn); border-left: 4px solid var(--truth); } .warning ul { margin: 0; padding-left: 20px; }
.two { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 12px; align-items: start; }
.wide { grid-template-columns: minmax(0, 7fr) minmax(0, 5fr); }
@media (max-width: 860px) { .two { grid-template-columns: minmax(0, 1fr); } }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; } caption { text-align: left; font-weight: 600; padding-bottom: 4px; }
th, td { text-align: left; vertical-align: top; padding: 3px 12px 3px 0; border-top: 1px solid var(--line); font-weight: 400; }
th { width: 34%; } .beside th { width: 44%; } .beside td:last-child { padding-right: 0; }
td.value { white-space: nowrap; font-weight: 600; } td.text { white-space: normal; }
td.note, span.note { color: var(--dim); font-size: 13px; }
tr.group th { font-weight: 600; padding-top: 10px; border-top: 0; } code { color: var(--dim); font-size: 12px; overflow-wrap: anywhere; }
tr.flattered th, tr.flattered td { color: var(--false); border-top: 2px dashed var(--false); border-bottom: 2px dashed var(--false); }
svg { display: block; width: 100%; height: auto; overflow: visible; } svg.small { width: 100%; min-width: 120px; margin-top: 5px; }
svg.defs { position: absolute; width: 0; height: 0; } .scroll svg { min-width: 680px; }
svg text { fill: var(--dim); font-size: 13px; } svg text.missed { fill: var(--false); font-weight: 600; }
svg text.sign { fill: var(--text); }
.curve { fill: none; stroke: var(--curve); stroke-width: 1.6; stroke-linejoin: round; }
.alarm { fill: none; stroke: var(--false); stroke-dasharray: 6 5; } .axis, .tick { fill: none; stroke: var(--line); }
.chance { fill: none; stroke: var(--dim); stroke-dasharray: 2 4; } .whisker { fill: none; stroke: var(--text); stroke-width: 1.4; }
.truth { fill: var(--truth); opacity: .28; } .found { fill: var(--found); } .false { fill: var(--false); }
.alarmed { fill: url(#hatch); stroke: var(--false); } .sound { fill: var(--curve); } .always { fill: var(--card); stroke: var(--curve); }
.mark { fill: var(--truth); stroke: var(--text); stroke-width: 1.4; }
.bar { fill: var(--dim); opacity: .55; } .bar.own { fill: var(--curve); opacity: 1; }
.bar.legacy { fill: url(#hatch); stroke: var(--false); opacity: 1; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 4px 0 12px; padding: 0; list-style: none;
  color: var(--dim); font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; } .legend svg { width: 24px; height: 12px; flex: none; }
.clip { scroll-margin-top: 8px; } .clip:target { outline: 2px solid var(--truth); }
nav p { overflow-wrap: anywhere; max-width: none; } footer { margin-top: 32px; color: var(--dim); font-size: 13px; }
@media print { :root { color-scheme: light; --bg: #fff; --card: #fff; --line: #c4c9ce; --text: #000; --dim: #444;
  --curve: #0072b2; --false: #c25400;
  --found: #0072b2; --warn: #fff; } body { max-width: none; padding: 0; font-size: 11px;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .panel, tr, svg { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll { overflow: visible; } .scroll svg { min-width: 0; }
  a { color: inherit; text-decoration: none; } nav { display: none; } }
"""
