/** The report's style: one file, no fonts or scripts from anywhere, light and dark. */
export const style = `
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --ok: #1a7f37; --bad: #cf222e; --muted: #59636e; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #151b23; --ok: #3fb950; --bad: #f85149; --muted: #9198a1; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { border-top: 1px solid var(--line); font-size: 1.35rem; margin: 2.5rem 0 .5rem; padding-top: 1.5rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; } h4 { font-size: .95rem; margin: 1rem 0 .3rem; }
table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0; } th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--soft); font-weight: 600; } .scroll { overflow-x: auto; } thead:not(:has(th:not(:empty))) { display: none; }
code, pre, .log { font: .85em/1.45 ui-monospace, monospace; } code { background: var(--soft); border-radius: 4px; padding: .1em .3em; overflow-wrap: anywhere; }
pre, .log { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; max-height: 32rem; overflow: auto; padding: .7rem; white-space: pre-wrap; overflow-wrap: anywhere; }
pre code { background: none; padding: 0; }
details { margin: .25rem 0; } summary { cursor: pointer; } details details { margin-left: 1rem; }
small, .axis, .time, .legend { color: var(--muted); font-size: .85rem; }
.mark { border: 1px solid; border-radius: 2em; font-size: .75rem; font-weight: 600; padding: 0 .6em; white-space: nowrap; }
.success { color: var(--ok); } .failure { color: var(--bad); } .cancelled, .skipped { color: var(--muted); }
.timeline .step { align-items: center; display: grid; gap: .6rem; grid-template: "name track time" / 16rem 1fr 4rem; }
.timeline .name { grid-area: name; } .timeline .track { grid-area: track; } .timeline .time { grid-area: time; }
.timeline .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } .timeline .time { text-align: right; }
.timeline .track { background: var(--soft); border-radius: 3px; height: .9rem; position: relative; }
.timeline .track i { background: currentColor; border-radius: 3px; height: 100%; min-width: 2px; position: absolute; }
.axis { display: flex; justify-content: space-between; margin: .2rem 4.6rem 0 16.6rem; }
.summary { border: 1px solid var(--line); border-radius: 6px; padding: .2rem 1rem; }
.visits { background: var(--soft); border-radius: 6px; width: 100%; } .legend b { border-radius: 50%; display: inline-block; height: .7em; margin-right: .3em; width: .7em; } .legend span { margin-right: 1rem; }
.log .error { color: var(--bad); font-weight: 600; } .log .warning { color: #bf8700; } .log .command { color: var(--muted); }
.log details { margin: 0; } .log summary { color: var(--muted); }
ul.expectations { list-style: none; padding: 0; }
@media (max-width: 40rem) {
  body { padding: 1rem; } .summary { padding: .2rem .6rem; } td:not(:first-child) { overflow-wrap: anywhere; } th, td { padding: .25rem .4rem; } .visits { height: 6rem; }
  .timeline .step { gap: 0 .6rem; grid-template: "name time" "track track" / 1fr 4rem; margin-bottom: .4rem; } .axis { margin: .2rem 0 0; }
}
`
