"""The report's style sheet: system fonts, light and dark, a phone's width, paper."""

STYLE = """
:root{color-scheme:light dark;--page:#faf9f6;--card:#fff;--text:#1b1d22;--muted:#5b5f68;
--line:#e4e2dc;--accent:#3454d1;--band:#3454d133;--good:#117a46;--wrong:#d9591a;--hover:#3454d11f}
@media (prefers-color-scheme:dark){:root{--page:#131519;--card:#1b1e24;--text:#e9e9e6;
--muted:#a5a9b2;--line:#31353e;--accent:#93a9ff;--band:#93a9ff38;--good:#62d79b;--wrong:#ff9a62;--hover:#93a9ff2e}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1112px;margin:0 auto;padding:40px 16px 64px}
h1{font-size:clamp(1.6rem,4.5vw,2.25rem);line-height:1.2;letter-spacing:-.015em;margin:0;
text-wrap:balance;overflow-wrap:anywhere}
header p{margin:6px 0 0;overflow-wrap:anywhere}
h2{font-size:1.2rem;letter-spacing:-.005em;margin:0 0 4px}
section{margin-top:48px}
p{margin:0 0 14px;max-width:68ch;color:var(--muted)}
figure{margin:0}
code,pre{font:13px/1.6 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre,.card,.scroll,.key{background:var(--card);border:1px solid var(--line);border-radius:10px}
pre{margin:12px 0 0;padding:12px 16px;overflow-x:auto;tab-size:4}
.command{white-space:pre-wrap;overflow-wrap:anywhere}
.keys{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px;
margin:24px 0 0;padding:0;list-style:none}
.key{padding:14px 18px;display:flex;flex-direction:column}
.key span,.key small{color:var(--muted);font-size:.875rem}
.key b{font-size:2rem;line-height:1.25;font-weight:650;letter-spacing:-.02em;
font-variant-numeric:tabular-nums}
.key small em{font-style:normal;font-weight:600;color:var(--text)}
.key small em.up{color:var(--good)}
.scroll{overflow-x:auto;margin-top:12px}
table{border-collapse:collapse;width:100%;min-width:600px;table-layout:fixed;font-variant-numeric:tabular-nums}
th,td{padding:11px 16px;text-align:right;border-top:1px solid var(--line);vertical-align:top}
thead th{border-top:0;color:var(--muted);font-size:.875rem;font-weight:500;
vertical-align:bottom}
thead th:first-child{width:32%}
th:first-child{text-align:left;position:sticky;left:0;background:var(--card);z-index:1}
tbody th{font-weight:400}
tbody th small{display:block;color:var(--muted);line-height:1.4}
tbody tr:first-child th{font-weight:600}
tbody tr:first-child th small{font-weight:400}
td b{font-weight:700}
td i{display:block;height:3px;margin-top:5px;border-radius:2px;background:var(--line);
overflow:hidden}
td i::before{content:"";display:block;height:100%;width:var(--share);background:var(--muted)}
td b+i::before{background:var(--accent)}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:12px;
margin-top:12px}
.card{padding:14px 16px}
figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 12px;margin-bottom:8px}
figcaption b{font-weight:600}
figcaption span{color:var(--muted);font-size:.875rem;font-variant-numeric:tabular-nums}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--muted)}
.grid{stroke:var(--line)}
.axis{stroke:var(--muted);fill:none}
.line{stroke:var(--accent);stroke-width:2;fill:none;stroke-linejoin:round;stroke-linecap:round}
.band{fill:var(--band)}
.dot{fill:var(--accent)}
.place{fill:transparent}
.place:hover{fill:var(--hover)}
.confusion{display:flex;flex-wrap:wrap;align-items:flex-start;gap:0 12px}
.confusion .scroll{min-width:0}
.confusion .scroll:last-child{flex:1 1 340px}
.confusion svg{margin:14px;max-width:none}
.confusion .told{fill:var(--accent)}
.confusion .mistaken{fill:var(--wrong)}
.confusion g text{fill:var(--text)}
.confusion g .strong{fill:var(--card);font-weight:600}
.confusion table{min-width:320px}
.confusion thead th:first-child{width:40%}
.confusion tbody tr:first-child th{font-weight:400}
.confusion :is(th,td):nth-child(2){text-align:left}
.confusion :is(th,td){padding:8px 14px;font-size:.875rem}
.tile{display:block;flex:none;width:48px;border-radius:5px;background-color:#fff;
image-rendering:pixelated;box-shadow:0 0 0 1px var(--line);position:relative}
.smooth .tile{image-rendering:auto}
.views{display:grid;grid-template-columns:repeat(auto-fill,minmax(120px,1fr));gap:12px;
margin-top:12px}
.pair{display:flex;gap:4px;padding:8px;margin:0}
.pair .tile{flex:1}
.queries{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,338px),1fr));gap:12px;
margin:12px 0 0;padding:0;list-style:none}
.query{padding:10px 12px 12px;min-width:0}
.query span{display:block;font-size:.875rem;margin-bottom:6px;overflow:hidden;white-space:nowrap;
text-overflow:ellipsis}
.row{display:flex;gap:5px}
.row .tile:first-child{margin-right:9px}
.row .tile{flex:0 1 48px;min-width:0;align-self:flex-start}
.hit{box-shadow:0 0 0 2.5px var(--good)}
.hit::after{content:"✓";position:absolute;right:-4px;bottom:-5px;width:16px;height:16px;
border-radius:50%;background:var(--good);color:var(--card);font:700 11px/16px system-ui,sans-serif;
text-align:center}
.map{background:#fff;border:1px solid var(--line);border-radius:10px;padding:8px;margin-top:12px}
.map img{display:block;width:100%;max-width:1400px;height:auto;margin:0 auto}
@media (prefers-color-scheme:dark){.map{filter:brightness(.9)}}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:0 32px;
margin:8px 0 0}
dl div{display:flex;justify-content:space-between;gap:16px;padding:7px 0;
border-bottom:1px solid var(--line)}
dt{color:var(--muted);flex:none}
dd{margin:0;text-align:right;overflow-wrap:anywhere}
@media print{
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
:root{--page:#fff;--card:#fff;--text:#000;--muted:#444;--line:#ccc;--accent:#2340a8;--good:#0b5c33;--wrong:#b8430d}
main{padding:0;max-width:none}section{margin-top:24px}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
.confusion svg{max-width:calc(100% - 28px)}
.card,.key,.query,tr,figure{break-inside:avoid}h2{break-after:avoid}}
"""
