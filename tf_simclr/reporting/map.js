"use strict";
// The map of the report: pictures on a canvas, which can be zoomed and moved by wheel, fingers,
// buttons and keys. Its data stands beside it in the page; nothing is fetched.
(() => {
  const box = document.getElementById("the-map");
  if (!box) return;
  const data = JSON.parse(box.querySelector("script").textContent);
  const atlas = box.querySelector(".atlas");
  const count = data.labels.length;
  const MOST_ZOOM = 40, LEAST_PICTURE = 13; // Pixels on the screen, below which points show more.
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const add = (parent, tag, settings) =>
    parent.appendChild(Object.assign(document.createElement(tag), settings));

  // ---- The elements
  box.classList.add("live");
  const tools = add(box, "div", {className: "tools"});
  const plane = add(box, "div", {className: "plane"});
  const canvas = add(plane, "canvas", {tabIndex: 0});
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `Map of ${count} pictures. Arrow keys go from picture to ` +
    "picture, plus and minus zoom, shift and arrows move the map, 0 shows all of it.");
  add(tools, "small", {textContent: matchMedia("(pointer: coarse)").matches
    ? "Tap a picture; pinch to zoom." : "Wheel to zoom, drag to move, arrow keys to go about."});
  const button = (text, label, act) => {
    const made = add(tools, "button", {type: "button", textContent: text, title: label});
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  };
  const tip = add(plane, "div", {className: "tip", hidden: true});
  const thumb = add(tip, "canvas", {width: 112, height: 112});
  const words = add(tip, "div", {});
  words.setAttribute("aria-live", "polite");
  const toClass = add(words, "b", {}), toMistake = add(words, "em", {}), toName = add(words, "span", {});
  for (const each of [toName, toClass, toMistake]) each.dir = "auto";

  // ---- The state
  let width = 0, height = 0, zoom = 1, panX = 0, panY = 0; // Pan: pixels, after zooming.
  let spread = 0, wanted = 0; // 0 draws points, 1 pictures in cells; between them they move.
  let selected = -1, chosen = null, colours = {}, ground = "#fff", ink = "#000", accent = "#00f";
  let due = false;

  // ---- Places: free ones for points, cells of a grid for pictures, so that none covers another
  let unit = 1, columns = 1, rows = 1, cells = new Float32Array(2 * count);
  const layGrid = () => {
    const OCCUPANCY = .62; // Below 1, so that clusters stay apart.
    unit = Math.sqrt(room(width) * room(height) * OCCUPANCY / count);
    unit = Math.min(unit, 96, room(width), room(height));
    columns = Math.max(1, Math.floor(room(width) / unit));
    rows = Math.max(1, Math.floor(room(height) / unit));
    while (columns * rows < count) {
      unit *= .98;
      columns = Math.floor(room(width) / unit);
      rows = Math.floor(room(height) / unit);
    }
    const taken = new Uint8Array(columns * rows), order = [...Array(count).keys()];
    const out = (row) => Math.max(Math.abs(data.points[2 * row] / data.plot - .5),
      Math.abs(data.points[2 * row + 1] / data.plot - .5));
    // From the middle out: outer pictures move inwards or along the border, where there is room.
    for (const row of order.sort((a, b) => out(a) - out(b))) {
      const x = data.points[2 * row] / data.plot * columns - .5;
      const y = data.points[2 * row + 1] / data.plot * rows - .5;
      let best = 0, least = Infinity;
      for (let line = 0, place = 0; line < rows; line++) for (let column = 0; column < columns; column++, place++) {
        const distance = (column - x) ** 2 + (line - y) ** 2;
        if (distance < least && !taken[place]) { least = distance; best = place; }
      }
      taken[best] = 1;
      cells[2 * row] = best % columns;
      cells[2 * row + 1] = Math.floor(best / columns);
    }
  };
  const room = (length) => length - 32;
  const cell = () => unit * zoom;
  const at = (row) => { // The middle of a picture on the screen.
    const u = (data.points[2 * row] / data.plot - .5) * room(width);
    const v = (data.points[2 * row + 1] / data.plot - .5) * room(height);
    const gridU = (cells[2 * row] + .5 - columns / 2) * unit;
    const gridV = (cells[2 * row + 1] + .5 - rows / 2) * unit;
    return [width / 2 + panX + (u + (gridU - u) * spread) * zoom,
      height / 2 + panY + (v + (gridV - v) * spread) * zoom];
  };

  const clamp = () => {
    const limitX = Math.max(0, room(width) * zoom / 2 + 16 - width / 2);
    const limitY = Math.max(0, room(height) * zoom / 2 + 16 - height / 2);
    panX = Math.max(-limitX, Math.min(limitX, panX));
    panY = Math.max(-limitY, Math.min(limitY, panY));
    canvas.style.touchAction = zoom > 1.01 ? "none" : "pan-y"; // A page must scroll past a map.
  };
  const zoomAt = (factor, x = width / 2, y = height / 2) => {
    const next = Math.max(1, Math.min(MOST_ZOOM, zoom * factor)), by = next / zoom;
    panX = (panX + width / 2 - x) * by + x - width / 2;
    panY = (panY + height / 2 - y) * by + y - height / 2;
    zoom = next;
    box.dataset.zoom = zoom.toFixed(3);
    clamp();
    redraw();
  };
  const showAll = () => { zoom = 1; panX = panY = 0; zoomAt(1); };

  // ---- Drawing
  const readColours = () => {
    const style = getComputedStyle(box);
    ground = style.getPropertyValue("--card");
    ink = style.getPropertyValue("--text");
    accent = style.getPropertyValue("--accent");
    colours = {"-1": style.getPropertyValue("--kn")};
    for (const label of new Set(data.labels))
      if (label >= 0) colours[label] = style.getPropertyValue("--k" + label);
  };
  const redraw = () => {
    if (!due) { due = true; requestAnimationFrame(draw); }
  };
  const shownClass = (row) => chosen === null || data.labels[row] === chosen;
  const picture = (context, row, x, y, across, down) => {
    const column = row % data.columns, line = Math.floor(row / data.columns);
    const [w, h] = data.tile;
    context.drawImage(atlas, column * w, line * h, w, h, x, y, across, down);
  };
  const draw = () => {
    due = false;
    if (Math.abs(wanted - spread) > .01 && !still.matches) {
      spread += (wanted - spread) * .22;
      redraw();
    } else spread = wanted;
    clamp();
    const context = canvas.getContext("2d"), ratio = canvas.width / width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const size = cell(), [w, h] = data.tile, longest = Math.max(w, h);
    context.imageSmoothingEnabled = size * ratio < longest * 2;
    const radius = Math.max(2.5, Math.min(9, 2.6 * Math.sqrt(zoom) * Math.min(1.6, 40 / Math.sqrt(count) + .6)));
    for (const front of [false, true]) for (let row = 0; row < count; row++) {
      if (shownClass(row) !== front) continue;
      const [x, y] = at(row);
      if (x < -size || y < -size || x > width + size || y > height + size) continue;
      context.globalAlpha = front ? 1 : .13;
      context.fillStyle = colours[data.labels[row]];
      if (spread > .5) {
        const frame = data.classes.length ? Math.max(1, size * .06) : 0, gap = Math.max(.5, size * .03);
        const room = size - 2 * gap, inner = room - 2 * frame;
        const across = inner * w / longest, down = inner * h / longest;
        context.fillRect(x - across / 2 - frame, y - down / 2 - frame, across + 2 * frame, down + 2 * frame);
        picture(context, row, x - across / 2, y - down / 2, across, down);
      } else {
        context.beginPath();
        context.arc(x, y, radius, 0, 7);
        context.fill();
        context.globalAlpha = front ? .45 : .1;
        context.lineWidth = .75;
        context.strokeStyle = ground;
        context.stroke();
      }
    }
    context.globalAlpha = 1;
    if (selected >= 0) mark(context, radius);
  };
  const mark = (context, radius) => {
    const [x, y] = at(selected), half = spread > .5 ? cell() / 2 : radius + 3;
    context.lineWidth = 3;
    context.strokeStyle = accent;
    context.beginPath();
    if (spread > .5) context.rect(x - half, y - half, 2 * half, 2 * half);
    else context.arc(x, y, half, 0, 7);
    context.stroke();
  };

  // ---- What is under the pointer
  const nearest = (x, y, most) => {
    let best = -1, least = most * most;
    for (let row = 0; row < count; row++) {
      if (!shownClass(row)) continue;
      const [a, b] = at(row), distance = (a - x) ** 2 + (b - y) ** 2;
      if (distance < least) { least = distance; best = row; }
    }
    return best;
  };
  const select = (row) => {
    if (row === selected) return;
    selected = row;
    tip.hidden = row < 0;
    if (row >= 0) {
      const label = data.labels[row], taken = data.taken ? data.taken[row] : -1;
      toName.textContent = data.names[row];
      toClass.textContent = label >= 0 ? data.classes[label] : data.classes.length ? "no class" : "";
      toMistake.textContent = taken >= 0 ? "taken for " + data.classes[taken] : "";
      const context = thumb.getContext("2d"), [w, h] = data.tile, longest = Math.max(w, h);
      context.clearRect(0, 0, 112, 112);
      context.imageSmoothingEnabled = longest > 48;
      const across = 112 * w / longest, down = 112 * h / longest;
      picture(context, row, (112 - across) / 2, (112 - down) / 2, across, down);
      place(row);
    }
    redraw();
  };
  const place = (row) => { // Beside the picture, inside of the box.
    const [x, y] = at(row), gap = Math.max(14, cell() / 2 * spread + 8);
    const wide = tip.offsetWidth, high = tip.offsetHeight;
    const left = x + gap + wide < width ? x + gap : x - gap - wide;
    tip.style.left = Math.max(6, Math.min(width - wide - 6, left)) + "px";
    tip.style.top = Math.max(6, Math.min(height - high - 6, y - high / 2)) + "px";
  };
  const reach = () => spread > .5 ? cell() * .75 : 16;

  // ---- Pointers, wheel, keys
  const pointers = new Map();
  let moved = 0, lastScroll = 0, apart = 0;
  const place2d = (event) => {
    const frame = canvas.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, place2d(event));
    moved = 0;
    apart = 0;
    if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place2d(event), before = pointers.get(event.pointerId);
    if (!before) { if (event.pointerType === "mouse") select(nearest(x, y, reach())); return; }
    pointers.set(event.pointerId, [x, y]);
    if (pointers.size === 2) {
      const [[a, b], [c, d]] = [...pointers.values()];
      const now = Math.hypot(a - c, b - d);
      if (apart) zoomAt(now / apart, (a + c) / 2, (b + d) / 2);
      apart = now;
      moved = 99;
      return;
    }
    moved += Math.hypot(x - before[0], y - before[1]);
    if (zoom > 1) {
      panX += x - before[0];
      panY += y - before[1];
      select(-1);
      clamp();
      redraw();
    }
  });
  const release = (event) => {
    const [x, y] = place2d(event);
    if (pointers.delete(event.pointerId) && event.type === "pointerup" && moved < 6)
      select(nearest(x, y, Math.max(22, reach())));
    apart = 0;
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !pointers.size) select(-1);
  });
  canvas.addEventListener("dblclick", (event) => zoomAt(2, ...place2d(event)));
  addEventListener("scroll", () => { lastScroll = performance.now(); }, {passive: true});
  canvas.addEventListener("wheel", (event) => {
    // A page that scrolls goes on to do so when the map comes under the pointer.
    const scrolling = performance.now() - lastScroll < 300;
    const outOfIt = event.deltaY > 0 && zoom <= 1.001;
    if (!event.ctrlKey && (scrolling || outOfIt)) return;
    event.preventDefault();
    const lines = event.deltaMode ? 20 : 1;
    zoomAt(Math.exp(-event.deltaY * lines * (event.ctrlKey ? .01 : .002)), ...place2d(event));
    if (selected >= 0) select(-1);
  }, {passive: false});
  const step = (dx, dy) => { // To the nearest picture that lies that way.
    if (selected < 0) { select(nearest(width / 2, height / 2, 1e6)); return; }
    const [x, y] = at(selected);
    let best = -1, least = Infinity;
    for (let row = 0; row < count; row++) {
      if (row === selected || !shownClass(row)) continue;
      const [a, b] = at(row), along = (a - x) * dx + (b - y) * dy;
      const aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
      if (along > .5 && along + 2 * aside < least) { least = along + 2 * aside; best = row; }
    }
    if (best < 0) return;
    const [a, b] = at(best);
    panX += Math.max(0, 40 - a) + Math.min(0, width - 40 - a);
    panY += Math.max(0, 40 - b) + Math.min(0, height - 40 - b);
    clamp();
    select(best);
  };
  const WAYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  canvas.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (way && event.shiftKey) { panX -= 60 * way[0]; panY -= 60 * way[1]; select(-1); clamp(); redraw(); }
    else if (way) step(...way);
    else if (event.key === "+" || event.key === "=") { zoomAt(1.5, ...middle()); if (selected >= 0) place(selected); }
    else if (event.key === "-") { zoomAt(1 / 1.5, ...middle()); if (selected >= 0) place(selected); }
    else if (event.key === "0" || event.key === "Home") showAll();
    else if (event.key === "Escape") select(-1);
    else return;
    event.preventDefault();
  });
  const middle = () => selected >= 0 ? at(selected) : [width / 2, height / 2];
  canvas.addEventListener("blur", () => select(-1));

  // ---- Buttons and legend
  button("+", "Zoom in", () => zoomAt(1.6));
  button("−", "Zoom out", () => zoomAt(1 / 1.6));
  button("Fit", "Show all pictures", showAll);
  const form = button("", "", () => { wanted = 1 - wanted; nameForm(); redraw(); });
  const nameForm = () => {
    const label = wanted ? "Points" : "Pictures";
    form.textContent = label;
    form.title = `Show ${label.toLowerCase()}`;
    form.setAttribute("aria-label", form.title);
    box.dataset.form = wanted ? "pictures" : "points";
  };
  const chips = [...document.querySelectorAll("#map .legend button")];
  const choose = (label) => {
    chosen = label;
    for (const chip of chips)
      chip.setAttribute("aria-pressed", String(Number(chip.dataset.class) === chosen));
    select(-1);
    redraw();
  };
  for (const chip of chips) chip.addEventListener("click", () => {
    const label = Number(chip.dataset.class);
    choose(label === chosen ? null : label);
  });
  const menu = document.getElementById("map-class");
  if (menu) {
    menu.closest(".needs-script").hidden = false;
    menu.addEventListener("change", () => choose(menu.value === "" ? null : Number(menu.value)));
  }

  // ---- Sizes and schemes
  const resize = () => {
    const ratio = Math.min(3, devicePixelRatio || 1), former = width;
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    if (!width) return; // It is not shown yet.
    layGrid();
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    if (!former) {
      wanted = spread = cell() >= LEAST_PICTURE ? 1 : 0;
      nameForm();
    }
    zoomAt(1);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
  new ResizeObserver(resize).observe(canvas);
  readColours();
  resize();
  atlas.decode().then(() => { box.dataset.ready = "yes"; redraw(); });
})();
