// What the report knows, unpacked from the numbered tables that page_data.py writes.
const raw = JSON.parse(document.getElementById("data").textContent);

const textOf = (number) => (number < 0 ? "" : raw.texts[number]);
const textsOf = (numbers) => numbers.map(textOf);
const quotes = new Map(raw.quotes.map(([file, lines]) => [textOf(file), new Map(lines)]));

/** A position; `source` is the text of its line, or "". */
function placeOf([file, line, column]) {
  const name = textOf(file);
  const known = quotes.get(name);
  return { file: name, line, column, source: known && known.has(line) ? textOf(known.get(line)) : "" };
}

const classes = raw.classes.map(([name, kind, characters, bits, leaf, irqSafe, place, at], id) => ({
  id, name: textOf(name), kind: textOf(kind), characters: textOf(characters), bits: textsOf(bits),
  leaf: !!leaf, irqSafe: !!irqSafe, place: placeOf(place), at: textOf(at), inner: [], outer: [], findings: [],
}));
const classNamed = new Map(classes.map((one) => [one.name, one]));

const edgeKey = (outer, inner) => `${outer.id} ${inner.id}`;
const edges = raw.edges.map(([outer, inner, kinds, leg], id) => ({
  id, outer: classNamed.get(textOf(outer)), inner: classNamed.get(textOf(inner)), kinds: textsOf(kinds), leg,
  findings: [], legs: leg < 0 ? [] : [leg],
}));
const edgeAt = new Map(edges.map((one) => [edgeKey(one.outer, one.inner), one]));
for (const edge of edges) {
  edge.outer.inner.push(edge);
  edge.inner.outer.push(edge);
}

const unpacked = new Map();
/** A leg by its number: who does what, step by step. */
function legOf(number) {
  if (!unpacked.has(number)) {
    const [heading, title, context, irqs, bh, held, roles, options, steps] = raw.legs[number];
    unpacked.set(number, {
      number, heading: textOf(heading), title: textOf(title), context: textOf(context), irqs: textOf(irqs),
      bh: textOf(bh), held: textOf(held), roles: textsOf(roles),
      options: options.map(([name, on]) => [textOf(name), !!on]), steps: steps.map(stepOf),
    });
  }
  return unpacked.get(number);
}

function stepOf(number) {
  const [depth, text, action, file, line, column, at, lock] = raw.steps[number];
  return {
    depth, text: textOf(text), action: textOf(action), place: placeOf([file, line, column]), at: textOf(at),
    lock: textOf(lock),
  };
}

function findingOf(one, index) {
  const pairs = one.edges.map(textsOf);
  const found = pairs.map(([outer, inner]) => edgeAt.get(edgeKey(classNamed.get(outer), classNamed.get(inner))));
  return {
    index, severity: one.severity, rule: textOf(one.rule), message: textOf(one.message), help: textOf(one.help),
    title: textOf(one.title), fingerprint: one.fingerprint, place: placeOf(one.place), at: textOf(one.at),
    line: textsOf(one.line), verdict: one.verdict, verdictText: textOf(one.verdict_text), table: one.table,
    remarks: textsOf(one.remarks), legs: one.legs, legEdges: one.leg_edges, edges: found,
    condition: one.condition.map((all) => all.map(([name, on]) => [textOf(name), !!on])),
    classes: textsOf(one.locks).map((name) => classNamed.get(name)).filter(Boolean),
  };
}

const findings = raw.findings.map(findingOf);
for (const finding of findings) {
  for (const one of finding.classes) one.findings.push(finding);
  finding.edges.forEach((edge) => edge.findings.push(finding));
  finding.legs.forEach((number, index) => {
    const edge = finding.edges[finding.legEdges[index]];
    if (edge && !edge.legs.includes(number)) edge.legs.push(number);
  });
}

const waived = raw.waived.map((one) => ({
  finding: findingOf(one.finding, -1), reason: textOf(one.reason), place: placeOf(one.place),
}));
const SEVERITIES = ["error", "warning", "note"];
/** How bad the worst finding of an edge or a class is, or "". */
const worst = (one) => SEVERITIES.find((word) => one.findings.some((finding) => finding.severity === word)) || "";
const placeText = (place) => (place.line ? `${place.file}:${place.line}` : place.file);
const count = (number, noun, plural) =>
  `${number.toLocaleString("en")} ${number === 1 ? noun : plural || `${noun}s`}`;
