// Which part of the lock-order graph is drawn: the findings first, the rest on demand; and the filters.
const MOST_DRAWN = 400; // classes drawn unasked
const MOST_STEPS = 2e7; // steps that finding the implied dependencies may take; beyond it all are drawn
const FEW = 30; // classes that can be read at once
const SOME = 150; // classes that are drawn unasked when nothing was found

const filters = { role: "", model: "", context: "", options: new Map() };
const view = { scope: "findings", depth: 1, all: false, implied: false };
let choice = { kind: "summary" };

const agrees = (options) => options.every(([name, on]) => !filters.options.has(name) || filters.options.get(name) === on);

/** Whether a leg passes the filters: who runs, where, in which configs. */
function legPasses(number) {
  if (!filters.role && !filters.model && !filters.context && !filters.options.size) return true;
  const leg = legOf(number);
  return (!filters.role || leg.roles.includes(filters.role))
    && (!filters.context || leg.context === filters.context)
    && (!filters.model || leg.steps.some((step) => step.place.file === filters.model))
    && agrees(leg.options);
}

const edgePasses = (edge) => edge.legs.some(legPasses);

function findingPasses(finding) {
  return finding.condition.some(agrees) && finding.legs.some(legPasses);
}

const filtering = () => !!(filters.role || filters.model || filters.context || filters.options.size);

/** A class passes when one of its edges does, or when it is declared in the model that is asked for. */
function classPasses(one) {
  if (!filtering()) return true;
  if (one.inner.some(edgePasses) || one.outer.some(edgePasses)) return true;
  return !!filters.model && one.place.file === filters.model && !filters.role && !filters.context;
}

/** Classes within `depth` edges of `start`, the nearest first, by edges that pass. */
function near(start, depth) {
  const seen = new Set(start);
  let layer = [...seen];
  for (let step = 0; step < depth; step += 1) {
    const next = [];
    for (const one of layer) {
      for (const edge of [...one.inner, ...one.outer]) {
        const other = edge.outer === one ? edge.inner : edge.outer;
        if (!seen.has(other) && edgePasses(edge)) {
          seen.add(other);
          next.push(other);
        }
      }
    }
    layer = next;
  }
  return seen;
}

/** What the chosen scope starts from: classes, and the edges that are drawn whatever the filters say. */
function core() {
  if (view.scope === "all") return { classes: classes.filter(classPasses), edges: [] };
  if (view.scope === "around" && center()) return { classes: [center()], edges: [] };
  const found = view.scope === "finding" && choice.kind === "finding" ? [choice.finding] : findings.filter(findingPasses);
  return {
    classes: [...new Set(found.flatMap((one) => one.classes))],
    edges: [...new Set(found.flatMap((one) => one.edges))],
  };
}

function center() {
  if (choice.kind === "class") return choice.class;
  if (choice.kind === "edge") return choice.edge.outer;
  return view.center || null;
}

const busy = (one) => one.inner.length + one.outer.length;

/** The classes and edges to draw now, and how many there would be. */
function selected() {
  const { classes: start, edges: always } = core();
  let shown = [...near(start, view.scope === "all" ? 0 : view.depth)];
  const whole = shown.length;
  if (!view.all && whole > MOST_DRAWN) shown = foremost(shown, start);
  const standing = new Set(shown);
  const inside = (edge) => standing.has(edge.outer) && standing.has(edge.inner);
  const only = view.scope === "finding" && view.depth === 0;
  const needed = new Set(always.filter(inside));
  for (const edge of asked()) if (inside(edge)) needed.add(edge);
  const drawn = new Set(needed);
  if (!only) for (const one of shown) for (const edge of one.inner) if (inside(edge) && edgePasses(edge)) drawn.add(edge);
  const every = [...drawn].sort((a, b) => a.id - b.id);
  const kept = view.implied ? every : unimplied(every, needed);
  return { shown: shown.sort((a, b) => a.id - b.id), drawn: kept, implied: every.length - kept.length, whole };
}

/** The edges that what is open is about: they are drawn even when others imply them. */
function asked() {
  if (choice.kind === "edge") return [choice.edge];
  const own = choice.kind === "class" ? [...choice.class.inner, ...choice.class.outer] : [];
  return own.length <= FEW ? own.filter(edgePasses) : [];
}

/**
 * Without the edges that others imply: A to C where A to B and B to C are drawn. Those of findings stay, and those
 * inside a circle, where everything would imply everything.
 */
function unimplied(drawn, needed) {
  const inner = new Map();
  for (const { outer, inner: to } of drawn) {
    if (!inner.has(outer)) inner.set(outer, []);
    inner.get(outer).push(to);
  }
  const reaches = new Map();
  let steps = 0;
  const reach = (from) => {
    if (!reaches.has(from)) {
      const seen = steps < MOST_STEPS ? reached(from, inner) : new Set();
      for (const one of seen) steps += (inner.get(one) || []).length + 1;
      reaches.set(from, seen);
    }
    return reaches.get(from);
  };
  const below = (to, from) => to !== from && !reach(to).has(from);
  const kept = drawn.filter((edge) => {
    const { outer, inner: to } = edge;
    if (needed.has(edge) || edge.findings.length || !below(to, outer)) return true;
    return !inner.get(outer).some((one) => below(one, outer) && below(to, one) && reach(one).has(to));
  });
  return steps < MOST_STEPS ? kept : drawn;
}

function reached(from, inner) {
  const seen = new Set();
  const left = [...(inner.get(from) || [])];
  while (left.length) {
    const one = left.pop();
    if (seen.has(one)) continue;
    seen.add(one);
    left.push(...(inner.get(one) || []));
  }
  return seen;
}

/** What matters first: the classes of findings, what the scope starts from, then the busiest. */
function foremost(shown, start) {
  const first = new Set(start.length < MOST_DRAWN ? start : []);
  const value = (one) => (one.findings.length ? 1e9 : 0) + (first.has(one) ? 1e8 : 0) + busy(one);
  return shown.sort((a, b) => value(b) - value(a) || a.id - b.id).slice(0, MOST_DRAWN);
}

let last = "";
/** Bring the canvas up to date; it is laid out anew only when what it shows has changed. */
function redraw() {
  const { shown, drawn, implied, whole } = selected();
  const key = `${shown.map((one) => one.id)}|${drawn.map((one) => one.id)}`;
  byId("shown").replaceChildren(...shownText(shown, drawn, implied, whole)); // first: it takes room from the canvas
  if (key !== last) draw(shown, drawn);
  last = key;
  stress(choice);
  mark();
}

function shownText(shown, drawn, implied, whole) {
  const text = `${shown.length.toLocaleString("en")} of ${count(classes.length, "lock class", "lock classes")}, `
    + `${drawn.length.toLocaleString("en")} of ${count(edges.length, "dependency", "dependencies")}`
    + (implied ? `; ${implied.toLocaleString("en")} that these imply left out` : "");
  if (whole <= shown.length) return [text];
  const more = el("button", { type: "button", id: "draw-all", onclick: () => { view.all = true; redraw(); } },
    `draw all ${whole.toLocaleString("en")}`);
  return [`${text}; the foremost of this part `, more];
}

/** Mark the classes that the search finds. */
function mark() {
  const wanted = byId("search").value.trim().toLowerCase();
  canvas.batch(() => {
    canvas.nodes().forEach((node) => {
      const one = classes[Number(node.id().slice(1))];
      node.toggleClass("match", wanted !== "" && one.name.toLowerCase().includes(wanted));
    });
  });
}

/** What to draw when nothing has been chosen yet. */
function firstView() {
  if (findings.some((one) => one.classes.length)) {
    view.scope = "findings";
    view.depth = near(core().classes, 1).size <= FEW ? 1 : 0;
  } else if (classes.length <= SOME) {
    view.scope = "all";
  } else {
    view.scope = "around";
    view.depth = 1;
    view.center = classes.reduce((best, one) => (busy(one) > busy(best) ? one : best), classes[0]);
  }
}

/** Draw what has been chosen when it isn't in the picture. */
function follow() {
  if (choice.kind === "finding") {
    if (view.scope !== "finding") view.depth = 0;
    view.scope = choice.finding.classes.length ? "finding" : view.scope;
  } else if (view.scope === "finding" && choice.kind === "summary") {
    firstView();
  } else if (choice.kind === "class" || choice.kind === "edge") {
    const wanted = choice.kind === "class" ? `c${choice.class.id}` : `e${choice.edge.id}`;
    if (!canvas.getElementById(wanted).length || view.scope === "around") {
      view.scope = "around";
      view.depth = Math.max(view.depth, 1);
    }
  }
  view.all = false;
}
