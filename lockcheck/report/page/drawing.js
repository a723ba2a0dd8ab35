// The canvas: cytoscape with our colours. It draws what it is given; what that is, graph.js decides.
const FONT = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const READABLE = 0.5; // zoom below which labels are too small
const CHARACTER = 6.7; // width of one in 11 px
const probe = document.createElement("i");
document.body.append(probe);
probe.hidden = true;

/** A colour of the style sheet, as the canvas needs it. */
function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

const secondLine = (one) => [one.kind, one.characters && `{${one.characters}}`].filter(Boolean).join(" ");

function sizeOf(one) {
  const longest = Math.max(one.name.length, secondLine(one).length);
  return { width: Math.round(longest * CHARACTER) + 18, height: secondLine(one) ? 38 : 26 };
}

function sheet() {
  const ink = colour("ink"), line = colour("edge"), paper = colour("paper");
  const rules = [
    { selector: "node", style: {
      shape: "round-rectangle", "corner-radius": 4, width: "data(width)", height: "data(height)", label: "data(label)",
      "font-family": FONT, "font-size": 11, color: ink, "text-wrap": "wrap", "text-valign": "center",
      "text-halign": "center", "line-height": 1.3, "background-color": paper, "border-width": 1,
      "border-color": line, "min-zoomed-font-size": 5, "overlay-opacity": 0, "text-max-width": 10000 } },
    { selector: "node.leaf", style: { "corner-radius": 19 } },
    { selector: "node.safe", style: { "background-color": colour("safe") } },
    { selector: "edge", style: {
      width: 1.2, "line-color": line, "target-arrow-color": line, "target-arrow-shape": "triangle", "arrow-scale": 0.8,
      "curve-style": "bezier", "control-point-step-size": 34, "overlay-opacity": 0, "loop-direction": "90deg" } },
    { selector: "edge.straight", style: { "curve-style": "straight" } },
    { selector: "edge.readers", style: { "line-style": "dashed" } },
  ];
  for (const word of ["note", "warning", "error"]) {
    const tint = colour(word);
    rules.push({ selector: `node.${word}`, style: { "border-color": tint, "border-width": 1.6 } });
    rules.push({ selector: `edge.${word}`, style: {
      "line-color": tint, "target-arrow-color": tint, width: 2.2, "z-index": 5 } });
  }
  rules.push({ selector: ".faded", style: { opacity: 0.36 } });
  rules.push({ selector: "node.chosen", style: { "border-width": 3, "border-color": colour("accent") } });
  rules.push({ selector: "edge.chosen", style: { width: 4, "z-index": 9 } });
  rules.push({ selector: "node.match", style: { "underlay-color": colour("accent"), "underlay-opacity": 0.25,
    "underlay-padding": 5, "underlay-shape": "round-rectangle" } });
  return rules;
}

const canvas = cytoscape({
  container: byId("canvas"), elements: [], style: sheet(), minZoom: 0.02, maxZoom: 3,
  boxSelectionEnabled: false, autounselectify: true, autoungrabify: true, hideEdgesOnViewport: false,
  textureOnViewport: false, pixelRatio: "auto", layout: { name: "preset" },
});

/** Draw these classes and edges, and nothing else. */
function draw(shown, drawn) {
  const room = byId("canvas").getBoundingClientRect();
  const at = placed(shown, drawn, sizeOf, room.width / Math.max(1, room.height));
  const many = drawn.length > DENSEST;
  const elements = shown.map((one) => ({
    group: "nodes", position: { ...at.get(one.id) },
    data: { id: `c${one.id}`, label: [one.name, secondLine(one)].filter(Boolean).join("\n"), ...sizeOf(one) },
    classes: [one.leaf && "leaf", one.irqSafe && "safe", worst(one)].filter(Boolean).join(" "),
  }));
  for (const edge of drawn) {
    const readers = edge.kinds.length > 0 && edge.kinds.every((kind) => kind !== "EN");
    elements.push({
      group: "edges", data: { id: `e${edge.id}`, source: `c${edge.outer.id}`, target: `c${edge.inner.id}` },
      classes: [worst(edge), readers && "readers", many && "straight"].filter(Boolean).join(" "),
    });
  }
  canvas.batch(() => {
    canvas.elements().remove();
    canvas.add(elements);
  });
  fit();
}

function fit(elements) {
  canvas.resize();
  canvas.fit(elements, 28);
  if (canvas.zoom() > 1.25) {
    canvas.zoom(1.25);
    canvas.center(elements);
  }
}

/** Stress one finding, class or edge among what is drawn. */
function stress(choice) {
  const ids = new Set();
  if (choice.kind === "finding") {
    choice.finding.edges.forEach((edge) => ids.add(`e${edge.id}`));
    choice.finding.classes.forEach((one) => ids.add(`c${one.id}`));
  }
  if (choice.kind === "edge") [`e${choice.edge.id}`, `c${choice.edge.outer.id}`, `c${choice.edge.inner.id}`]
    .forEach((id) => ids.add(id));
  if (choice.kind === "class") {
    ids.add(`c${choice.class.id}`);
    for (const edge of [...choice.class.inner, ...choice.class.outer]) {
      [`e${edge.id}`, `c${edge.outer.id}`, `c${edge.inner.id}`].forEach((id) => ids.add(id));
    }
  }
  canvas.batch(() => {
    canvas.elements().removeClass("faded chosen");
    if (!ids.size) return;
    canvas.elements().forEach((one) => { if (!ids.has(one.id())) one.addClass("faded"); });
    if (choice.kind === "class") canvas.getElementById(`c${choice.class.id}`).addClass("chosen");
    if (choice.kind === "edge") canvas.getElementById(`e${choice.edge.id}`).addClass("chosen");
  });
}

/** Bring what is stressed into sight, when it is too small to be read or out of sight. */
function reveal() {
  const wanted = canvas.elements().not(".faded");
  if (!wanted.length || wanted.length === canvas.elements().length) return;
  const box = wanted.nodes().renderedBoundingBox();
  const inside = box.x1 >= 0 && box.y1 >= 0 && box.x2 <= canvas.width() && box.y2 <= canvas.height();
  if (!inside || canvas.zoom() < READABLE) fit(wanted);
}

function pan(x, y) {
  canvas.panBy({ x, y });
}

function zoom(by) {
  const box = byId("canvas").getBoundingClientRect();
  canvas.zoom({ level: canvas.zoom() * by, renderedPosition: { x: box.width / 2, y: box.height / 2 } });
}
