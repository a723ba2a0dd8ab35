// The middle of the page: one finding, one lock class, one dependency, or the run as a whole.
const BITS = { HARDIRQ: "hardirq", SOFTIRQ: "softirq" };

/** `IN-HARDIRQ-W` in words. */
function bitText(bit) {
  const read = bit.endsWith("-R") ? " (read)" : "";
  const irq = BITS[bit.includes("HARDIRQ") ? "HARDIRQ" : "SOFTIRQ"];
  return bit.startsWith("IN-") ? `taken in ${irq}${read}` : `held with ${irq}s enabled${read}`;
}

/** Where a class is taken, as its usage bits say it. */
function contextsOf(one) {
  const irqs = ["HARDIRQ", "SOFTIRQ"].filter((irq) => one.bits.some((bit) => bit.startsWith(`IN-${irq}`)));
  return irqs.length ? `taken in ${irqs.map((irq) => `${BITS[irq]}s`).join(" and ")} too` : "taken in tasks only";
}

function findingView(finding) {
  const at = finding.at ? ` (${finding.at})` : "";
  return [
    el("p", { class: "crumb" }, badge(finding.severity), verdictBadge(finding),
      el("code", { class: "rule" }, finding.rule)),
    el("h2", null, arrows(finding.message)),
    el("p", { class: "where" }, placeText(finding.place) + at),
    quoteView(finding),
    scheduleView(finding),
    finding.remarks.map((one) => el("p", { class: "remark" }, one)),
    el("h2", { class: "part" }, finding.legs.length > 1 ? "Legs" : "Witness"),
    sourceSwitch(),
    finding.legs.map((number) => legView(number, finding.place)),
    el("h2", { class: "part" }, "What to do"),
    el("p", null, finding.help),
    el("p", { class: "more" }, "More: ", el("code", null, `lockcheck explain ${finding.rule}`)),
    finding.classes.length > 0 && el("p", { class: "about" }, "Lock classes: ", spaced(finding.classes.map(className))),
    finding.title && el("p", { class: "more" }, "The kernel's lockdep would say: ", el("q", null, finding.title)),
    el("p", { class: "more" }, "Fingerprint ", el("code", null, finding.fingerprint)),
  ];
}

const spaced = (elements) => elements.flatMap((one, index) => (index ? [", ", one] : [one]));
const VERDICTS = {
  demonstrated: "a schedule that hangs was found by replaying the paths",
  guarded: "as long as the guard holds, these legs never run together",
  undecided: "the replay came to no verdict",
};

function verdictBadge(finding) {
  return finding.verdict ? badge(finding.verdict, `verdict ${finding.verdict}`, VERDICTS[finding.verdict]) : null;
}

/** The schedule that hangs, lockdep's table, or why there is none. */
function scheduleView(finding) {
  if (!finding.table && !finding.verdictText) return null;
  const shown = finding.verdict === "demonstrated";
  return [
    el("h2", { class: "part" }, shown ? "Schedule" : finding.table ? "How it might hang" : "Replay"),
    finding.table && cpuTable(finding.table),
    finding.table && el("p", { class: "dead" }, el("strong", null, "*** DEADLOCK ***"),
      shown ? " demonstrated: this schedule was found by replaying the paths" : ""),
    finding.verdictText && el("p", { class: `guard ${finding.verdict}` }, finding.verdictText),
  ];
}

function sourceSwitch() {
  const box = el("input", { type: "checkbox", id: "sources", "aria-keyshortcuts": "s", onchange: showSources });
  box.checked = byId("detail").classList.contains("sources");
  return el("label", { class: "switch" }, box, " lines of the models");
}

function showSources() {
  byId("detail").classList.toggle("sources", byId("sources").checked);
}

function classView(one) {
  const state = (on, yes, no) => el("li", { class: on ? "yes" : "no" }, on ? yes : no);
  return [
    el("p", { class: "crumb" }, badge("lock class", "plain"), one.kind && el("code", { class: "rule" }, one.kind)),
    el("h2", { class: "name" }, one.name),
    el("p", { class: "where" }, [placeText(one.place), one.at && `(${one.at})`].filter(Boolean).join(" ")),
    el("h2", { class: "part" }, "Usage", one.characters && el("code", { class: "usage", title: "lockdep's usage bits" },
      `{${one.characters}}`)),
    one.kind && el("ul", { class: "facts" },
      state(one.leaf, "leaf: nothing is ever taken under it", "not a leaf: others are taken under it"),
      state(one.irqSafe, "irq-safe: nobody holds it with hardirqs enabled",
        "not irq-safe: it is held with hardirqs enabled"),
      el("li", null, contextsOf(one))),
    one.bits.length > 0 && el("dl", { class: "bits" }, one.bits.flatMap((bit) =>
      [el("dt", null, bit), el("dd", null, bitText(bit))])),
    one.findings.length > 0 && [el("h2", { class: "part" }, "Findings"), findingLinks(one.findings)],
    edgeList("Taken under it", one.inner, (edge) => edge.inner),
    edgeList("Held around it", one.outer, (edge) => edge.outer),
    el("p", { class: "more" }, el("button", { type: "button", id: "around", onclick: () => aroundClass(one) },
      "Draw around this class")),
  ];
}

function aroundClass(one) {
  Object.assign(view, { scope: "around", depth: 1, center: one, all: false });
  syncBar();
  redraw();
}

const findingLinks = (some) => el("ul", { class: "links" }, some.map((one) =>
  el("li", null, badge(one.severity), " ", el("a", { href: findingLink(one) }, arrows(one.message)))));

const MOST_LISTED = 60;

/** Dependencies as links to their witnesses. */
function edgeList(title, some, other) {
  const passing = some.filter(edgePasses);
  const items = passing.map((edge) => el("li", { class: worst(edge) },
    el("a", { class: "lock", href: edgeLink(edge) }, other(edge).name),
    el("span", { class: "kinds" }, edge.kinds.join(" "))));
  const list = el("ul", { class: "links columns" }, items.slice(0, MOST_LISTED));
  const rest = items.length - MOST_LISTED;
  const more = rest > 0 && el("button", { type: "button", onclick: (event) => {
    list.append(...items.slice(MOST_LISTED));
    event.target.remove();
  } }, `${rest.toLocaleString("en")} more`);
  return [
    el("h2", { class: "part" }, `${title} (${passing.length})`),
    passing.length ? [list, more] : el("p", { class: "more" }, some.length ? "none that the filters pass" : "nothing"),
  ];
}

const KINDS = {
  EN: "held exclusively, taken so that readers are waited for", ER: "held exclusively, taken as recursive reader",
  SN: "held as reader, taken so that readers are waited for", SR: "held as reader, taken as recursive reader",
};

function edgeView(edge) {
  return [
    el("p", { class: "crumb" }, badge("dependency", "plain"),
      edge.kinds.map((kind) => el("code", { class: "rule", title: KINDS[kind] }, kind))),
    el("h2", { class: "name" }, className(edge.outer), " \u2192 ", className(edge.inner)),
    el("p", { class: "where" }, `${edge.inner.name} is taken or waited for while ${edge.outer.name} is held`),
    edge.findings.length > 0 && [el("h2", { class: "part" }, "Findings through it"), findingLinks(edge.findings)],
    el("h2", { class: "part" }, edge.legs.length > 1 ? `Witnesses (${edge.legs.length})` : "Witness"),
    sourceSwitch(),
    edge.legs.map((number) => legView(number, null)),
  ];
}

function summaryView() {
  const { summary } = raw;
  const list = (title, items, kind) => items.length > 0 && [el("h2", { class: "part" }, title),
    el("ul", { class: kind || "plain" }, items.map((one) => el("li", null, one)))];
  const mismatches = summary.mismatches.map(([what, text, place]) =>
    `${placeText(placeOf(place))}: ${textOf(what)}: ${textOf(text)}`);
  return [
    el("h2", { class: "headline" }, textOf(summary.headline)),
    el("p", { class: "where" }, textOf(summary.covered)),
    list("Could not be analysed", summary.problems.map((text, index) => {
      const hint = textOf(summary.hints[index]);
      return hint ? `${textOf(text)} (help: ${hint})` : textOf(text);
    })),
    summary.compared && (mismatches.length ? list("Not as expected", mismatches) : el("p", null, "All as expected.")),
    worstFirst(),
    list("Not spoken for", textsOf(summary.left_out)),
    waived.length > 0 && [el("h2", { class: "part" }, "Waived"), el("ul", { class: "plain" }, waived.map((one) =>
      el("li", null, one.finding.message, el("br"), el("span", { class: "held" },
        `${one.reason} (${placeText(one.place)})`))))],
    list("Every combination of", textsOf(summary.options), "codes"),
    list("Kernel config", summary.fixed.map(([name, on]) => optionText([textOf(name), on])), "codes"),
    list(`Models (${summary.files.length})`, textsOf(summary.files).slice(0, 200), "codes"),
  ];
}

/** The findings in a few lines each: what a reader sees first. */
function worstFirst() {
  if (!findings.length) return raw.summary.problems.length ? null : el("p", { class: "clean" }, "No findings.");
  return [el("h2", { class: "part" }, "Findings"), findingLinks(findings.slice(0, 12)),
    findings.length > 12 && el("p", { class: "more" }, `and ${findings.length - 12} more in the list`)];
}
