// Pieces of the page. Text goes in as text: nothing here, or anywhere, parses markup.

/** An element: `el("p", {class: "x", onclick: f}, "text", child)`. Empty children are left out. */
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== "" && one !== false));
  return made;
}

const byId = (id) => document.getElementById(id);
const link = (kind, ...names) => `#${[kind, ...names.map(encodeURIComponent)].join("/")}`;
const findingLink = (finding) => link("finding", finding.fingerprint);
const classLink = (one) => link("class", one.name);
const edgeLink = (edge) => link("edge", edge.outer.name, edge.inner.name);

/** Text in which an arrow stays whole at the end of a line. */
const arrows = (text) => text.split(/(->)/).map((one) => (one === "->" ? el("span", { class: "arrow" }, one) : one));
const className = (one) => el("a", { class: "lock", href: classLink(one) }, one.name);
const badge = (word, kind, title) => el("span", { class: `badge ${kind || word}`, title }, word);

function placeCell(place) {
  return el("span", { class: "place", title: place.source || null }, placeText(place));
}

/** One leg: what leads to it, step by step. `mark`: the place that the finding points at. */
function legView(number, mark) {
  const leg = legOf(number);
  const rows = leg.steps.map((step) => stepRow(step, mark));
  const state = [leg.context === leg.heading ? "" : leg.context, leg.irqs === "off" ? "irqs off" : "", leg.bh === "off" ? "softirqs off" : ""];
  return el("section", { class: "leg" },
    el("h3", null, arrows(leg.heading), el("span", { class: "state" }, state.filter(Boolean).join(", "))),
    el("div", { class: "steps", role: "list" }, rows),
    leg.held && el("p", { class: "held" }, leg.held),
    leg.options.length > 0 && el("p", { class: "held" }, "with ", leg.options.map(optionText).join(" ")));
}

const optionText = ([name, on]) => `${name}=${on ? "y" : "n"}`;

function stepRow(step, mark) {
  const here = mark && step.place.file === mark.file && step.place.line === mark.line
    && step.place.column === mark.column;
  const told = el("span", { class: "told" }, step.text);
  told.style.setProperty("--depth", Math.min(step.depth, 20));
  return el("div", { class: `step ${step.action}${here ? " here" : ""}`, role: "listitem" },
    told, placeCell(step.place), el("span", { class: "at" }, step.at),
    step.place.source && el("code", { class: "source" }, step.place.source));
}

/** The CPU table, one column per CPU, one row per moment. */
function cpuTable(table) {
  const head = ["", ...Array.from({ length: table.cpus }, (_, cpu) => `CPU${cpu}`)];
  let before = "";
  const rows = table.lines.map(([cpu, text, indent, place], moment) => {
    const said = textOf(text);
    const move = el("span", { class: said.startsWith("waits for") ? "waits" : "move" }, said);
    move.style.setProperty("--indent", indent);
    const cells = Array.from({ length: table.cpus }, (_, column) => el("td", null, column === cpu ? move : null));
    const where = place ? placeText(placeOf(place)) : "";
    const shown = where === before ? "" : where;
    before = where;
    return el("tr", null, el("th", { scope: "row" }, String(moment + 1)), cells,
      place && el("td", { class: "place", title: shown }, shown.slice(shown.lastIndexOf("/") + 1)));
  });
  return el("div", { class: "cpus" },
    table.actors.length > 0 && el("ul", { class: "actors" }, textsOf(table.actors).map((one) => el("li", null, one))),
    el("table", null,
      el("thead", null, el("tr", null, head.map((one) => el("th", { scope: "col" }, one)))),
      el("tbody", null, rows)));
}

/** The line of the model that a finding points at, with what is meant marked. */
function quoteView(finding) {
  const [before, marked, after] = finding.line;
  if (!(before + marked + after).trim()) return null;
  return el("pre", { class: "quote" }, el("span", { class: "number" }, String(finding.place.line)),
    el("code", null, before, el("mark", null, marked), after));
}
