/** The palette of the dashboard; follows the system, also where colours are forced. */
export const pageStyle = `
:root{color-scheme:light dark;--surface:#fff;--card:#f5f7fa;--ink:#14181d;--dim:#4a5058;--good:#0f9a89;--acting:#b57200;--failed:#850610;--calm:#1660c4;--link:#0b57b8;--line:#d5dae0}
@media (prefers-color-scheme:dark){:root{--surface:#12161c;--card:#1b222b;--ink:#e8ecf0;--dim:#a9b4bf;--good:#6cefc4;--acting:#ffdc3a;--failed:#f0634a;--calm:#6fb1ff;--link:#8cc2ff;--line:#2d3641}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--surface);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.2em 0}h2{font-size:1.15rem;margin:1.6em 0 .5em}h3{font-size:1rem;margin:0 0 .2em}
p{margin:.3em 0}.dim,figcaption,.axis{color:var(--dim);font-size:.875rem}
.mark.good{color:var(--good)}.mark.acting{color:var(--acting)}.mark.failed{color:var(--failed)}
figure{margin:0 0 .6rem}svg{display:block;width:100%;height:64px;background:var(--card);border-radius:4px}
svg.spark{width:120px;height:20px;background:none}svg.lane{height:16px}
.wide{overflow-x:auto}.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.2rem 0 .6rem}a{color:var(--link)}
rect.failed{fill:var(--failed)}rect.acting{fill:var(--acting)}rect.calm{fill:var(--calm)}rect.band{opacity:.18}article.acting{border-left-color:var(--acting)}article.failed{border-left-color:var(--failed)}article:target{outline:2px solid var(--calm)}
.axis{display:flex;justify-content:space-between}
article{background:var(--card);border-left:4px solid var(--line);border-radius:4px;padding:.8rem 1rem;margin:0 0 .8rem}
dl{display:grid;grid-template-columns:7rem 1fr;gap:.2rem .8rem;margin:.5rem 0 0}dt{color:var(--dim)}dd{margin:0;min-width:0;overflow-wrap:anywhere}
q{quotes:none}code,pre,q{unicode-bidi:isolate;font:13px/1.45 ui-monospace,Consolas,monospace;overflow-wrap:anywhere;white-space:pre-wrap}
pre{margin:.4rem 0;padding:.5rem;background:var(--surface);border:1px solid var(--line);border-radius:4px;max-height:20rem;overflow:auto}
table{width:100%;border-collapse:collapse}th{text-align:left;color:var(--dim);font-weight:600;font-size:.8125rem}td,th{padding:.3rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}caption{text-align:left;color:var(--dim)}.numbers{width:auto}
summary{cursor:pointer;min-height:1.5rem}.filter:not([hidden]){display:block}.filter{margin:0 0 .5rem}input{font:inherit;padding:.4rem .6rem;min-height:2.75rem;background:var(--card);color:var(--ink);border:1px solid var(--dim);border-radius:4px;width:100%;max-width:24rem}
:focus-visible{outline:2px solid var(--calm);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem}
@media (max-width:600px){dl{grid-template-columns:1fr}dt{margin-top:.3rem}h1{font-size:1.25rem}article{padding:.6rem}#template-rows td:nth-child(4),[data-rows] th:nth-child(4){display:none}}
@media (forced-colors:active){rect.failed,rect.acting,rect.calm{fill:CanvasText}}
@media print{.filter,.skip{display:none}body{max-width:none}}
`;

/** Only narrows tables; the page is whole without it. */
export const pageScript = `
for (const input of document.querySelectorAll('[data-filter]')) {
  input.parentElement.hidden = false;
  const rows = document.getElementById(input.dataset.filter).rows;
  input.addEventListener('input', () => {
    const wanted = input.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
`;
