// What is open is in the address (#finding/..., #class/..., #edge/...), so that it can be linked to and gone back from.
function parsed() {
  const [kind, ...names] = location.hash.slice(1).split("/").map(decoded);
  if (kind === "finding") {
    const finding = findings.find((one) => one.fingerprint === names[0]);
    if (finding) return { kind, finding };
  }
  if (kind === "class" && classNamed.has(names[0])) return { kind, class: classNamed.get(names[0]) };
  if (kind === "edge" && classNamed.has(names[0]) && classNamed.has(names[1])) {
    const edge = edgeAt.get(edgeKey(classNamed.get(names[0]), classNamed.get(names[1])));
    if (edge) return { kind, edge };
  }
  return { kind: "summary" };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const VIEWS = {
  finding: () => findingView(choice.finding), class: () => classView(choice.class), edge: () => edgeView(choice.edge),
  summary: () => summaryView(),
};

let tapped = false;
function open() {
  choice = parsed();
  const back = choice.kind === "summary" ? [] : [el("a", { class: "back", href: "#" }, "\u2190 Summary")];
  byId("detail").replaceChildren(...[back, VIEWS[choice.kind]()].flat(4).filter(Boolean));
  byId("detail").scrollTop = 0;
  follow();
  syncBar();
  redraw();
  if (!tapped) reveal(); // who clicked into the graph wants it to stay where it is
  tapped = false;
  showChosen();
}

function syncBar() {
  const some = choice.kind === "finding" && choice.finding.classes.length > 0;
  const middle = center();
  const scopes = [
    ["findings", "all findings", findings.some((one) => one.classes.length)],
    ["finding", "this finding only", some],
    ["around", middle ? `around ${middle.name}` : "around a lock class", !!middle],
    ["all", "everything", true],
  ];
  byId("scope").replaceChildren(...scopes.map(([value, text, can]) => el("option", { value, disabled: !can }, text)));
  byId("scope").value = view.scope;
  byId("depth").value = String(view.depth);
  byId("depth").disabled = view.scope === "all";
}

const THEMES = ["auto", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = `Theme: ${theme}`;
  canvas.style(sheet());
}

function nextTheme() {
  setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || "auto") + 1) % THEMES.length]);
}

function toggleWide() {
  const wide = byId("rooms").classList.toggle("wide");
  byId("wide").setAttribute("aria-pressed", String(wide));
  fit();
}

const KEYS = [
  ["/", "search", () => byId("search").focus()],
  ["j", "next in the list", () => walk(1)],
  ["k", "previous in the list", () => walk(-1)],
  ["f", "list of findings", () => openTab("findings")],
  ["c", "list of lock classes", () => openTab("classes")],
  ["d", "to the details", () => byId("detail").focus()],
  ["g", "to the graph", () => byId("canvas").focus()],
  ["s", "lines of the models", () => { const box = byId("sources"); if (box) box.click(); }],
  ["i", "dependencies that others imply", () => byId("implied").click()],
  ["w", "graph over the whole width", toggleWide],
  ["+", "zoom in", () => zoom(1.25)],
  ["-", "zoom out", () => zoom(0.8)],
  ["0", "fit the graph", () => fit()],
  ["t", "light or dark", nextTheme],
  ["?", "this help", () => showHelp()],
];
const MOVES = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

const SIGNS = [
  ["red, amber, blue", "part of an error, a warning, a note"],
  ["rounded ends", "a leaf: nothing is ever taken under it"],
  ["tinted", "irq-safe: nobody holds it with hardirqs enabled"],
  ["dashed", "readers on at least one side, on every path"],
  ["A \u2192 B", "B is taken while A is held"],
  ["{....}", "hardirq, hardirq-read, softirq, softirq-read: - taken in it, + held with it enabled, ? both, . neither"],
];

function showHelp() {
  const rows = (pairs, tag) => pairs.map(([sign, text]) => el("tr", null, el("th", null, el(tag, null, sign)), el("td", null, text)));
  const box = byId("keys");
  box.replaceChildren(
    el("h2", { id: "keys-title" }, "Keys and signs"),
    el("div", { class: "help" },
      el("table", null, el("tbody", null, rows(KEYS, "kbd"), rows([["Enter", "open"], ["Esc", "back to the summary"],
        ["arrows", "walk a list; move the graph"]], "kbd"))),
      el("table", null, el("tbody", null, rows(SIGNS, "code")))),
    el("p", { class: "more" }, `lockcheck ${raw.version}; drawn with cytoscape.js and dagre (MIT licence, both in this file)`),
    el("form", { method: "dialog" }, el("button", { type: "submit" }, "Close")));
  box.showModal();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const typing = event.target.matches("input[type=search], select");
  if (event.key === "Escape") {
    if (typing) event.target.blur();
    else if (location.hash) location.hash = "";
    return;
  }
  if (event.target.id === "search" && (event.key === "ArrowDown" || event.key === "Enter")) {
    event.preventDefault();
    walk(1);
    return;
  }
  if (typing) return;
  if (arrow(event)) return;
  const known = KEYS.find(([key]) => key === event.key);
  if (!known) return;
  event.preventDefault();
  known[2]();
}

/** Arrow keys: the graph, a list or the tabs, whichever has the focus. */
function arrow(event) {
  const move = MOVES[event.key];
  if (!move) return false;
  if (event.target.id === "canvas") pan(...move);
  else if (event.target.matches("a.row") && move[1]) walk(move[1] > 0 ? -1 : 1);
  else if (event.target.matches("[role=tab]") && move[0]) {
    openTab(lists.tab === "findings" ? "classes" : "findings");
    byId(`tab-${lists.tab}`).focus();
  } else return false;
  event.preventDefault();
  return true;
}

function showCounts() {
  const items = SEVERITIES.map((word) => [word, findings.filter((one) => one.severity === word).length])
    .filter(([, number]) => number)
    .map(([word, number]) => el("li", null, badge(count(number, word), word)));
  if (!findings.length && !raw.summary.problems.length) items.push(el("li", null, badge("clean", "good")));
  byId("counts").replaceChildren(...items);
}

function listen() {
  window.addEventListener("hashchange", open);
  document.addEventListener("keydown", onKey);
  byId("search").addEventListener("input", () => { lists.rows = MOST_ROWS; showLists(); mark(); });
  for (const id of ["role", "model", "context", "config"]) byId(id).addEventListener("change", filtersChanged);
  byId("tab-findings").addEventListener("click", () => openTab("findings"));
  byId("tab-classes").addEventListener("click", () => openTab("classes"));
  byId("scope").addEventListener("change", (event) => { Object.assign(view, { scope: event.target.value, all: false }); syncBar(); redraw(); });
  byId("depth").addEventListener("change", (event) => { Object.assign(view, { depth: Number(event.target.value), all: false }); redraw(); });
  byId("implied").addEventListener("change", (event) => { view.implied = event.target.checked; redraw(); });
  byId("more").addEventListener("click", () => zoom(1.25));
  byId("less").addEventListener("click", () => zoom(0.8));
  byId("fit").addEventListener("click", () => fit());
  byId("wide").addEventListener("click", toggleWide);
  byId("theme").addEventListener("click", nextTheme);
  byId("help").addEventListener("click", showHelp);
  canvas.on("tap", "node, edge", (event) => {
    const number = Number(event.target.id().slice(1));
    const address = event.target.isNode() ? classLink(classes[number]) : edgeLink(edges[number]);
    tapped = location.hash !== address;
    location.hash = address;
  });
  canvas.on("mouseover", "node, edge", () => { byId("canvas").style.cursor = "pointer"; });
  canvas.on("mouseout", "node, edge", () => { byId("canvas").style.cursor = ""; });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => canvas.style(sheet()));
  window.addEventListener("resize", () => canvas.resize());
}

fillFilters();
showCounts();
firstView();
listen();
showLists();
open();
// for tests and for the curious: what is drawn, as values
window.lockcheckPage = { canvas, view, filters, ready: true };
