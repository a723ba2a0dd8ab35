// The side: findings and lock classes as lists that search and filters narrow, and the keys that walk them.
const MOST_ROWS = 200;
const lists = { tab: findings.length || !classes.length ? "findings" : "classes", rows: MOST_ROWS };

const haystacks = new Map();
/** Everything about a finding that a search may mean. */
function haystack(finding) {
  if (!haystacks.has(finding)) {
    const steps = finding.legs.flatMap((number) => legOf(number).steps);
    const words = [finding.rule, finding.message, finding.severity, finding.verdict || "", finding.fingerprint,
      ...finding.classes.map((one) => one.name), ...steps.flatMap((step) => [step.text, step.place.file, step.at])];
    haystacks.set(finding, words.join("\n").toLowerCase());
  }
  return haystacks.get(finding);
}

const wantedText = () => byId("search").value.trim().toLowerCase();

function listedFindings() {
  const wanted = wantedText();
  return findings.filter((one) => findingPasses(one) && (!wanted || haystack(one).includes(wanted)));
}

function listedClasses() {
  const wanted = wantedText();
  const about = (one) => `${one.name}\n${one.kind}\n${one.place.file}\n${one.at}`.toLowerCase();
  return classes.filter((one) => classPasses(one) && (!wanted || about(one).includes(wanted)));
}

/** The rows of the list that is open, and the number in each tab. */
function showLists() {
  const found = { findings: listedFindings(), classes: listedClasses() };
  for (const [tab, name, all] of [["findings", "Findings", findings], ["classes", "Lock classes", classes]]) {
    const button = byId(`tab-${tab}`);
    const some = found[tab].length, every = all.length;
    const number = some === every ? every.toLocaleString("en") : `${some.toLocaleString("en")} / ${every.toLocaleString("en")}`;
    button.replaceChildren(`${name} `, el("span", { class: "number" }, number));
    button.setAttribute("aria-selected", String(lists.tab === tab));
    button.tabIndex = lists.tab === tab ? 0 : -1;
  }
  const row = lists.tab === "findings" ? findingRow : classRow;
  const some = found[lists.tab];
  const rows = some.slice(0, lists.rows).map(row);
  const rest = some.length - rows.length;
  byId("list").setAttribute("aria-labelledby", `tab-${lists.tab}`);
  byId("list").replaceChildren(...rows,
    ...(rest > 0 ? [el("button", { type: "button", class: "rest", onclick: () => { lists.rows += 1000; showLists(); } },
      `${rest.toLocaleString("en")} more`)] : []),
    ...(some.length ? [] : [el("p", { class: "none" }, lists.tab === "findings" && !findings.length
      ? "No findings." : "Nothing like that.")]));
  showChosen();
}

function findingRow(one) {
  return el("a", { class: `row ${one.severity}`, href: findingLink(one) },
    el("span", { class: "line" }, badge(one.severity), verdictBadge(one), el("code", { class: "rule" }, one.rule)),
    el("span", { class: "message" }, arrows(one.message)),
    el("span", { class: "place" }, placeText(one.place)));
}

function classRow(one) {
  return el("a", { class: `row class ${worst(one)}`, href: classLink(one) },
    el("span", { class: "lock" }, one.name),
    el("span", { class: "line" }, el("code", { class: "usage" }, one.characters && `{${one.characters}}`),
      el("span", { class: "kinds" }, one.kind),
      one.leaf && badge("leaf", "plain", "nothing is ever taken under it"),
      one.irqSafe && badge("irq-safe", "plain", "nobody holds it with hardirqs enabled")));
}

/** Which row stands for what is open. */
function showChosen() {
  const now = location.hash;
  for (const row of byId("list").querySelectorAll("a.row")) {
    const here = row.getAttribute("href") === now;
    if (here) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    if (here && row !== document.activeElement) row.scrollIntoView({ block: "nearest" });
  }
}

function openTab(tab) {
  lists.tab = tab;
  lists.rows = MOST_ROWS;
  showLists();
}

/** Up or down the open list. */
function walk(by) {
  const rows = [...byId("list").querySelectorAll("a.row")];
  if (!rows.length) return;
  const from = rows.indexOf(document.activeElement);
  const open = rows.findIndex((row) => row.hasAttribute("aria-current"));
  const now = from >= 0 ? from : open;
  rows[now < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, now + by))].focus();
}

function fillFilters() {
  const roles = new Set(), models = new Set(), contexts = new Set(), options = new Set(textsOf(raw.summary.options));
  raw.legs.forEach(([, , context, , , , legRoles, legOptions, steps]) => {
    contexts.add(textOf(context));
    legRoles.forEach((role) => roles.add(textOf(role)));
    legOptions.forEach(([name]) => options.add(textOf(name)));
    steps.forEach((number) => models.add(textOf(raw.steps[number][3])));
  });
  models.delete("");
  const choices = (id, any, values) => byId(id).replaceChildren(
    el("option", { value: "" }, any), ...[...values].sort().map((one) => el("option", { value: one }, one)));
  choices("role", "any", roles);
  choices("model", "all", models);
  choices("context", "any context", contexts);
  const ways = [...options].sort().flatMap((name) => [`${name}=y`, `${name}=n`]);
  byId("config").replaceChildren(el("option", { value: "" }, ways.length ? "all that were checked" : "as checked"),
    ...ways.map((one) => el("option", { value: one }, one)));
  byId("config").disabled = !ways.length;
  byId("role").disabled = !roles.size;
}

function filtersChanged() {
  Object.assign(filters, { role: byId("role").value, model: byId("model").value, context: byId("context").value });
  const config = byId("config").value;
  if (config) filters.options.set(config.slice(0, -2), config.endsWith("=y"));
  byId("config").value = "";
  showFilters();
  showLists();
  redraw();
}

function showFilters() {
  byId("chips").replaceChildren(...[...filters.options].map(([name, on]) =>
    el("button", { type: "button", class: "chip", title: "Drop this option", onclick: () => {
      filters.options.delete(name);
      filtersChanged();
    } }, `${optionText([name, on])} \u00d7`)));
  const active = [filters.role, filters.model, filters.context, ...filters.options.keys()].filter(Boolean).length;
  byId("filtered").textContent = active ? `(${active})` : "";
}
