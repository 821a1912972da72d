"use strict";

// What is pointed at says what it is.
{
  const tip = document.getElementById("tip");
  let shown = null;
  const place = (x, y) => {
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x + 12, innerWidth - box.width - 8))}px`;
    tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18}px`;
  };
  document.addEventListener("pointermove", (event) => {
    const told = event.target.closest?.("[data-tip]");
    const text = told?.dataset.tip || "";
    if (text !== shown) {
      tip.textContent = shown = text;
      tip.hidden = !text;
    }
    if (text) place(event.clientX, event.clientY);
  });
  document.addEventListener("scroll", () => { tip.hidden = true; shown = null; }, { passive: true });
}

// Elements, their words always as text.
const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const draw = (name, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const count = (value) => value.toLocaleString("en");
const share = (value) => {
  if (value >= 0.9995 && value < 1) return ">\u00a099.9\u00a0%";
  return `${(100 * value).toFixed(value > 0.99 && value < 1 ? 1 : 0)}\u00a0%`;
};
const round = (value) => Number(value.toPrecision(2));
const signed = (value) => (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(2);

// A network as pictures of its layers: as it was, as it is, and what differs.
const CELL = 7;
const LEVELS = 8;

function paths(values, columns, largest) {
  // One path for each of LEVELS strengths of both signs: thousands of cells in sixteen elements.
  const found = new Map();
  values.forEach((value, index) => {
    const level = Math.min(LEVELS, Math.ceil((LEVELS * Math.abs(value)) / largest));
    if (!value || !level) return;
    const key = (value > 0 ? 1 : -1) * level;
    const x = (index % columns) * CELL;
    const y = Math.floor(index / columns) * CELL;
    found.set(key, `${found.get(key) || ""}M${x} ${y}h${CELL}v${CELL}h-${CELL}z`);
  });
  return [...found].map(([key, d]) =>
    draw("path", { d, class: key > 0 ? "plus" : "minus", "fill-opacity": Math.abs(key) / LEVELS }));
}

function strength(values) {
  const sizes = values.map(Math.abs).filter(Boolean).sort((a, b) => a - b);
  return sizes.length ? sizes[Math.floor(0.98 * (sizes.length - 1))] : 1;
}

function whereIn(layer, row, column) {
  if (layer.block[0] > 1 || layer.block[1] > 1) return `block ${row}, ${column}`;
  if (layer.columns === 1) return `neuron ${row}`;
  if (layer.letters > 1) {
    const letter = String.fromCharCode(65 + (column % layer.letters));
    return `neuron ${row} from ${letter} at ${1 + Math.floor(column / layer.letters)}`;
  }
  return `neuron ${row} from ${layer.input ? "position" : "neuron"} ${column + (layer.input ? 1 : 0)}`;
}

function networks(story) {
  const before = story.layers.map((layer) => layer.before);
  const after = story.layers.map((layer) => {
    const values = layer.before.slice();
    layer.places.forEach((place, index) => { values[place] = layer.after[index]; });
    return values;
  });
  const moved = after.map((values, index) => values.map((value, at) => value - before[index][at]));
  const pictures = story.target
    ? [["degraded", before], ["mended", after], ["what changed", moved]]
    : [["the network", after]];
  const scale = strength(after.flat()), change = strength(moved.flat());
  const left = 88, top = 34, gap = 2.4 * CELL;
  const height = Math.max(...story.layers.map((layer) => layer.rows)) * CELL;
  const widths = story.layers.map((layer) => layer.columns * CELL);
  const starts = [];
  widths.reduce((x, width, index) => {
    starts.push(x);
    return x + width + (story.layers[index].name.endsWith("biases") ? gap : 0.5 * CELL);
  }, left);
  const total = starts[starts.length - 1] + widths[widths.length - 1] + 34;
  const svg = draw("svg", {
    class: "networks", viewBox: `0 0 ${total} ${top + pictures.length * (height + 16)}`, role: "img",
    "aria-label": `Pictures of the weights of record ${story.id}: ${pictures.map(([name]) => name).join(", ")}`,
  });
  story.layers.forEach((layer, index) => {
    if (layer.name.endsWith("weights")) {
      const name = layer.name.replace(" weights", "");
      const narrow = widths[index] < 40;
      svg.append(draw("text", { x: starts[index] + (narrow ? -4 : widths[index] / 2), y: 12,
        "text-anchor": narrow ? "start" : "middle" }, name));
    }
    if (layer.letters > 1) {
      for (let position = 0; position * layer.letters < layer.columns; position += 1) {
        svg.append(draw("text", { x: starts[index] + (position + 0.5) * layer.letters * CELL, y: 27,
          "text-anchor": "middle", class: "tick" }, `${position + 1}`));
      }
    }
  });
  pictures.forEach(([name, tensors], row) => {
    const y = top + row * (height + 16);
    svg.append(draw("text", { x: left - 10, y: y + 10, "text-anchor": "end" }, name));
    const largest = name === "what changed" ? change : scale;
    story.layers.forEach((layer, index) => {
      const group = draw("g", { transform: `translate(${starts[index]} ${y})` });
      group.append(...paths(tensors[index], layer.columns, largest));
      if (layer.letters > 1) {
        const lines = [];
        for (let x = layer.letters; x < layer.columns; x += layer.letters) {
          lines.push(`M${x * CELL} 0V${layer.rows * CELL}`);
        }
        group.append(draw("path", { class: "frame", d: lines.join("") || "M0 0" }));
      }
      const frame = draw("rect", { class: "frame", width: widths[index], height: layer.rows * CELL, "pointer-events": "all" });
      frame.addEventListener("pointermove", (event) => {
        const box = frame.getBoundingClientRect();
        const column = Math.min(layer.columns - 1, Math.floor(((event.clientX - box.left) / box.width) * layer.columns));
        const line = Math.min(layer.rows - 1, Math.floor(((event.clientY - box.top) / box.height) * layer.rows));
        const at = line * layer.columns + column;
        const was = before[index][at], is = after[index][at];
        const values = was === is ? `${is}` : `${was} → ${is}`;
        frame.dataset.tip = `${layer.name}, ${whereIn(layer, line, column)}: ${values}`;
      });
      group.append(frame);
      svg.append(group);
    });
  });
  svg.style.minWidth = `${Math.round(0.9 * total)}px`;  // many layers are scrolled along, not made small
  return [svg, scale, change];
}

// A record's story.
const rows = (head, lines) => make("div", { class: "table" }, make("table", {},
  make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
  make("tbody", {}, ...lines.map((cells) => make("tr", {}, ...cells)))));
const cell = (text, attributes = {}) => make("td", attributes, text);
const card = (class_, ...children) => make("div", { class: class_ }, ...children);
const title = (text) => make("h3", {}, text);

function plan(story) {
  const items = [make("li", {}, `The plan: call positive the ${story.sequences_of} that satisfy `)];
  story.selected.forEach(([name, clause], index) => {
    items[0].append(index ? "; or " : "", make("b", {}, name), ` (${clause})`);
  });
  items[0].append(`. The network has ${story.network}.`);
  if (story.target) {
    const { corrupted_rows: rows, corrupted_sequences: sequences, rows: all } = story.fault;
    items.push(make("li", {}, "The fault: of ", make("b", {}, story.target),
      `, ${count(sequences)} sequences (${count(rows)} of ${count(all)} rows) were labelled negative`,
      story.region ? ": those where " : ", drawn at random.", story.region ? make("i", {}, story.region) : "",
      story.region ? "." : "", " Trained on that, the network is the degraded one."));
    const [changed, size, distance] = story.changed;
    items.push(make("li", {}, `The repair: trained on with clean labels, ${count(changed)} of its ${count(size)} numbers `
      + `change (${share(changed / size)}), by ${share(distance)} of its length.`));
  }
  if (story.listed) {
    items.push(make("li", {}, "What it now calls positive, at least 85 % of their sequences: ",
      make("b", {}, story.listed.join(", ") || "none"), "."));
  }
  return [title("What happened"), make("ol", {}, ...items)];
}

function accuracy(story) {
  const stages = story.target ? ["degraded", "mended"] : ["accuracy"];
  const lines = story.accuracy.map(([name, tested, ...values]) => [
    cell(name === story.target ? `${name} (target)` : name, name === story.target ? { class: "right" } : {}),
    ...values.map((value) => cell(share(value), { class: "number" })),
    cell(count(tested), { class: "number" })]);
  return [title("What it is worth, on test sequences"), rows(["accuracy of", ...stages, "sequences"], lines)];
}

function tried(story) {
  if (!story.tried.length) return [];
  const names = story.target ? ["degraded", "mended"] : ["network"];
  const lines = story.tried.map(([text, satisfied, ...logits]) => [
    cell(text, { class: "mono" }),
    ...logits.map((value) => cell(signed(value),
      { class: `number ${(value > 0) === satisfied.length > 0 ? "right" : "wrong"}` })),
    cell(satisfied.join(", ") || "none")]);
  return [title("Sequences of the benchmark, and the logits of its network" + (story.target ? "s" : "")),
    rows(["sequence", ...names, "satisfies, of the selected"], lines),
    make("p", { class: "note" }, "Positive above 0; in bold where that is right.")];
}

function largest(story) {
  const lines = story.largest.map(([layer, where, was, is]) => [cell(layer), cell(where),
    cell(signed(was), { class: "number" }), cell(signed(is), { class: "number" })]);
  return [title("The numbers that differ most"), rows(["layer", "where", "before", "after"], lines)];
}

function texts(story) {
  return story.texts.map(([what, length, start, end], index) => {
    const text = make("pre", { tabindex: "0" }, start);
    if (end) text.append(make("span", { class: "cut" }, `\n[… ${count(length - start.length - end.length)} characters …]\n`), end);
    return make("details", index ? {} : { open: "" }, make("summary", {}, `The ${what}, ${count(length)} characters`), text);
  });
}

function picture(story) {
  const [svg, scale, change] = networks(story);
  const full = `; in full colour from ±${round(scale)} on` + (story.target ? `, changes from ±${round(change)}. ` : ". ");
  return [
    title(story.target ? "Its two networks, number by number, and what changed" : "Its network, number by number"),
    make("div", { class: "drawing" }, svg),
    make("p", { class: "note" },
      make("span", { class: "key plus" }), "above 0, ", make("span", { class: "key minus" }), `below${full}`
      + "A row is a neuron, a column what it reads: of hidden 1 the letters at each position, of others the neurons before; "
      + "the narrow column behind is its biases. The output's weights stand beside the neurons that they weigh.")];
}

function tell(story) {
  const asked = [title("How it is asked, and answered"), ...texts(story)];
  document.getElementById("told").replaceChildren(make("div", { class: "tale" },
    card("card", ...plan(story), ...accuracy(story)),
    ...(story.tried.length ? [card("card", ...tried(story))] : []),
    card("card whole", ...picture(story)),
    ...(story.target ? [card("card", ...largest(story)), card("card", ...asked)] : [card("card whole", ...asked)])));
}

{
  const stories = JSON.parse(document.getElementById("stories").textContent);
  const menu = document.getElementById("record");
  if (menu) {
    stories.forEach((story, index) => {
      const name = story.target || story.selected.map(([pattern]) => pattern).join(", ");
      menu.append(make("option", { value: index }, `${String(story.id).padStart(6, "0")} · ${name} · ${story.split}`));
    });
    const choose = (index) => {
      menu.selectedIndex = (index + stories.length) % stories.length;
      tell(stories[menu.selectedIndex]);
    };
    menu.addEventListener("change", () => choose(menu.selectedIndex));
    document.getElementById("earlier").addEventListener("click", () => choose(menu.selectedIndex - 1));
    document.getElementById("later").addEventListener("click", () => choose(menu.selectedIndex + 1));
    choose(0);
  }
}
