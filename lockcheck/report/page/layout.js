// Where classes stand: what is held above what is taken under it. Parts that nothing connects are laid out one by one
// and set beside each other, so that the work grows with the largest part and not with the whole.
const GAP = 44;
const LARGEST = 400; // classes of one part that are laid out with care; dagre's time grows with the square
const TWICE = 150; // classes up to which both ways are tried
const DENSEST = 1600; // dependencies, likewise

/**
 * Positions by class id for these classes and edges; sizes come from `sizeOf(class)`.
 * What is held stands above what is taken under it, or left of it: what fills `shape` (width by height) better.
 */
function placed(shown, drawn, sizeOf, shape) {
  const parts = partsOf(shown, drawn);
  const tries = shown.length > TWICE ? ["TB"] : ["TB", "LR"];
  const done = tries.map((way) => packed(parts.map((part) => placedPart(part, sizeOf, way)), shape));
  const spread = (one) => Math.max(one.width / shape, one.height);
  return done.reduce((best, one) => (spread(one) < spread(best) ? one : best)).found;
}

function partsOf(shown, drawn) {
  const near = new Map(shown.map((one) => [one.id, []]));
  for (const edge of drawn) {
    near.get(edge.outer.id).push(edge);
    near.get(edge.inner.id).push(edge);
  }
  const seen = new Set();
  const parts = [];
  for (const start of shown) {
    if (seen.has(start.id)) continue;
    const part = { classes: [], edges: new Set() };
    const left = [start];
    seen.add(start.id);
    while (left.length) {
      const one = left.pop();
      part.classes.push(one);
      for (const edge of near.get(one.id)) {
        part.edges.add(edge);
        for (const end of [edge.outer, edge.inner]) if (!seen.has(end.id)) { seen.add(end.id); left.push(end); }
      }
    }
    part.classes.sort((a, b) => a.id - b.id);
    part.edges = [...part.edges].sort((a, b) => a.id - b.id);
    parts.push(part);
  }
  return parts;
}

function placedPart(part, sizeOf, way) {
  const small = part.classes.length <= LARGEST && part.edges.length <= DENSEST;
  return small ? withDagre(part, sizeOf, way) : inRows(part, sizeOf);
}

function withDagre(part, sizeOf, way) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: way, nodesep: way === "TB" ? 22 : 18, ranksep: 52, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const one of part.classes) graph.setNode(String(one.id), { ...sizeOf(one) });
  for (const edge of part.edges) {
    if (edge.outer !== edge.inner) graph.setEdge(String(edge.outer.id), String(edge.inner.id));
  }
  dagre.layout(graph);
  const at = new Map(part.classes.map((one) => [one.id, graph.node(String(one.id))]));
  return boxed(at, part, sizeOf);
}

/** Rows by how many locks can be held above a class; for parts that are too large to be read anyway. */
function inRows(part, sizeOf) {
  const rank = ranks(part);
  const rows = new Map();
  for (const one of part.classes) {
    const row = rank.get(one.id);
    if (!rows.has(row)) rows.set(row, []);
    rows.get(row).push(one);
  }
  const across = Math.max(12, Math.ceil(Math.sqrt(part.classes.length) * 1.6));
  const at = new Map();
  let y = 0;
  for (const row of [...rows.keys()].sort((a, b) => a - b)) {
    const members = rows.get(row);
    for (let from = 0; from < members.length; from += across) {
      let x = 0;
      for (const one of members.slice(from, from + across)) {
        const { width } = sizeOf(one);
        at.set(one.id, { x: x + width / 2, y });
        x += width + 20;
      }
      y += 64;
    }
    y += 50;
  }
  return boxed(at, part, sizeOf);
}

/** Longest path from above; an edge that closes a circle counts for nothing. */
function ranks(part) {
  const inner = new Map(part.classes.map((one) => [one.id, []]));
  const open = new Map(part.classes.map((one) => [one.id, 0]));
  for (const { outer, inner: to } of part.edges) {
    if (outer === to) continue;
    inner.get(outer.id).push(to.id);
    open.set(to.id, open.get(to.id) + 1);
  }
  const rank = new Map(part.classes.map((one) => [one.id, 0]));
  const done = new Set();
  const order = [...open.keys()];
  let ready = order.filter((id) => open.get(id) === 0);
  while (done.size < order.length) {
    if (!ready.length) ready = [order.find((id) => !done.has(id))];
    const id = ready.pop();
    if (done.has(id)) continue;
    done.add(id);
    for (const to of inner.get(id)) {
      if (done.has(to)) continue;
      rank.set(to, Math.max(rank.get(to), rank.get(id) + 1));
      open.set(to, open.get(to) - 1);
      if (open.get(to) === 0) ready.push(to);
    }
  }
  return rank;
}

function boxed(at, part, sizeOf) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const one of part.classes) {
    const { x, y } = at.get(one.id);
    const { width, height } = sizeOf(one);
    box.left = Math.min(box.left, x - width / 2);
    box.right = Math.max(box.right, x + width / 2);
    box.top = Math.min(box.top, y - height / 2);
    box.bottom = Math.max(box.bottom, y + height / 2);
  }
  return { at, box, width: box.right - box.left, height: box.bottom - box.top, most: part.classes.length,
    found: part.classes.some((one) => one.findings.length) ? 1 : 0 };
}

/** Parts on shelves, those with findings first, then the largest, in about the shape of the canvas. */
function packed(parts, shape) {
  const area = parts.reduce((sum, part) => sum + (part.width + GAP) * (part.height + GAP), 0);
  const widest = Math.max(Math.sqrt(area * shape), ...parts.map((part) => part.width));
  const found = new Map();
  let x = 0;
  let y = 0;
  let shelf = 0;
  let width = 0;
  for (const part of parts.slice().sort((a, b) => b.found - a.found || b.most - a.most || b.height - a.height)) {
    if (x > 0 && x + part.width > widest) {
      x = 0;
      y += shelf + GAP;
      shelf = 0;
    }
    for (const [id, place] of part.at) found.set(id, { x: place.x - part.box.left + x, y: place.y - part.box.top + y });
    x += part.width + GAP;
    width = Math.max(width, x);
    shelf = Math.max(shelf, part.height);
  }
  return { found, width, height: y + shelf };
}
