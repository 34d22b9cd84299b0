// The map of what the model knows: dots by family, names as one zooms, motions as one points.
import { make } from "../stage/controls.js";
import { fromText } from "../stage/motion.js";
import { isDark, Small } from "../stage/small.js";

const HUES = [14, 205, 130, 285, 45, 340, 175, 240, 90, 315, 25, 190, 60, 265, 150, 0];
const NEAR = 14, PAUSE = 90, NAMES_FROM = 3; // pixels, milliseconds, zoom

/**
 * The dot nearest to a place, or -1 where none is near.
 * @param {ArrayLike<number>} points x and y of each
 * @param {number} x
 * @param {number} y
 * @param {number} most how far away at most
 */
export function nearest(points, x, y, most) {
  let best = -1, least = most * most;
  for (let n = 0; n < points.length; n += 2) {
    const away = (points[n] - x) ** 2 + (points[n + 1] - y) ** 2;
    if (away < least) {
      least = away;
      best = n / 2;
    }
  }
  return best;
}

/**
 * @param {HTMLElement} element
 * @param {any} props stage: its name; how: the figure
 * @param {any} _watch
 * @param {any} server
 * @param {any} _trigger
 * @param {string} root
 */
export function mount(element, props, _watch, server, _trigger, root) {
  const how = { ...props.how, body: root + props.how.body };
  const canvas = make("canvas", { class: "chart", role: "img", "aria-label": "A map of all known motions; use the search below it without a mouse" });
  const tip = make("div", { class: "tip", hidden: true }), legend = make("div", { class: "legend", "aria-hidden": "true" });
  const word = make("p", { class: "told", role: "status" }), found = make("div", { class: "meant" });
  const words = make("input", { type: "search", "aria-label": "Find words on the map", placeholder: "find words on the map" });
  const drawing = make("button", { type: "button", "aria-pressed": "false", onclick: () => setDrawing(!isDrawing) }, "Draw a way");
  element.querySelector(".host").replaceChildren(
    make("div", { class: "map" }, canvas, tip),
    make("div", { class: "downloads" }, words, drawing, make("button", { type: "button", onclick: () => ((view = { x: 0, y: 0, zoom: 1 }), draw()) }, "Whole map")),
    word, found, legend,
  );
  let atlas = null, view = { x: 0, y: 0, zoom: 1 }, hovered = -1, mark = null, passed = [], line = null;
  let isDrawing = false, waiting = 0, held = null, small = null;

  const scale = () => (Math.min(canvas.clientWidth, canvas.clientHeight) / 2100) * view.zoom;
  const across = (x) => canvas.clientWidth / 2 + (x - view.x) * scale();
  const down = (y) => canvas.clientHeight / 2 - (y - view.y) * scale();
  /** @returns {[number, number]} */
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left - canvas.clientWidth / 2) / scale() + view.x, -(event.clientY - box.top - canvas.clientHeight / 2) / scale() + view.y];
  };
  const colour = (family) => `hsl(${HUES[family % HUES.length]} 65% ${isDark() ? 62 : 42}%)`;

  function setDrawing(on) {
    isDrawing = on;
    drawing.setAttribute("aria-pressed", String(on));
    word.textContent = on ? "Drag from one dot to another." : "";
  }

  async function open() {
    if (atlas) return;
    atlas = await server.atlas();
    legend.replaceChildren(...atlas.families.map((name, n) => make("span", {}, make("i", { style: `background:hsl(${HUES[n % HUES.length]} 65% 50%)` }), name)));
    draw();
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !atlas) return;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const paint = canvas.getContext("2d"), dark = isDark(), size = Math.min(2.2 + view.zoom, 7);
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, width, height);
    atlas.families.forEach((_, family) => {
      paint.fillStyle = colour(family);
      for (let n = 0; n < atlas.family_of.length; n++) {
        if (atlas.family_of[n] === family) paint.fillRect(across(atlas.points[2 * n]) - size / 2, down(atlas.points[2 * n + 1]) - size / 2, size, size);
      }
    });
    paint.fillStyle = paint.strokeStyle = dark ? "#fff" : "#1c1917";
    paint.font = "12px system-ui, sans-serif";
    paint.textAlign = "center";
    if (view.zoom >= NAMES_FROM) names(paint, width, height);
    if (line) {
      paint.lineWidth = 2;
      paint.beginPath();
      line.forEach(([x, y], n) => (n ? paint.lineTo(across(x), down(y)) : paint.moveTo(across(x), down(y))));
      paint.stroke();
    }
    paint.font = "600 13px system-ui, sans-serif";
    for (const { x, y, label } of passed) {
      dot(paint, x, y, 5);
      paint.fillText(label, across(x), down(y) - 9);
    }
    if (mark) {
      dot(paint, mark.x, mark.y, 8);
      paint.fillText(mark.label, across(mark.x), down(mark.y) - 13);
    }
    if (hovered >= 0) dot(paint, atlas.points[2 * hovered], atlas.points[2 * hovered + 1], 7);
  }

  function dot(paint, x, y, radius) {
    paint.lineWidth = 2;
    paint.beginPath();
    paint.arc(across(x), down(y), radius, 0, 7);
    paint.stroke();
  }

  /** One name for each label that is in sight, where it overlaps no other. */
  function names(paint, width, height) {
    const taken = [], seen = new Set();
    for (let n = 0; n < atlas.label_of.length && taken.length < 60; n++) {
      const x = across(atlas.points[2 * n]), y = down(atlas.points[2 * n + 1]) - 6;
      if (x < 0 || y < 0 || x > width || y > height || seen.has(atlas.label_of[n])) continue;
      const label = atlas.labels[atlas.label_of[n]], half = 3.4 * label.length;
      if (taken.some(([a, b, other]) => Math.abs(a - x) < half + other && Math.abs(b - y) < 14)) continue;
      taken.push([x, y, half]);
      seen.add(atlas.label_of[n]);
      paint.fillText(label, x, y);
    }
  }

  function hover(event) {
    const [x, y] = place(event), near = nearest(atlas.points, x, y, NEAR / scale());
    if (near === hovered) return;
    hovered = near;
    clearTimeout(waiting);
    small?.pause();
    tip.hidden = true;
    canvas.style.cursor = near >= 0 ? "pointer" : "grab";
    draw();
    if (near < 0) return;
    const left = across(atlas.points[2 * near]), top = down(atlas.points[2 * near + 1]);
    tip.style.left = `${Math.min(Math.max(left - 70, 0), canvas.clientWidth - 140)}px`;
    tip.style.top = `${top > 180 ? top - 176 : top + 14}px`;
    tip.replaceChildren(make("span", {}, atlas.labels[atlas.label_of[near]]));
    tip.hidden = false;
    waiting = setTimeout(async () => {
      const { motion } = await server.one(near);
      if (hovered !== near || !motion) return;
      small = new Small(how, fromText(motion));
      tip.replaceChildren(small.canvas, make("span", {}, atlas.labels[atlas.label_of[near]]));
      small.play();
    }, PAUSE);
  }

  async function show(work) {
    word.textContent = "making it …";
    try {
      const answer = await work;
      word.textContent = answer.reason ?? "";
      if (answer.reason) return null;
      document.dispatchEvent(new CustomEvent("offer", { detail: { stage: props.stage, token: answer.token } }));
      await window.motionStage(props.stage).show(answer.scene);
      return answer;
    } catch (error) {
      word.textContent = `That didn't work: ${error.message ?? error}`;
      return null;
    }
  }

  async function walk(a, b) {
    const ends = [a, b].map((n) => [atlas.points[2 * n], atlas.points[2 * n + 1]]);
    line = ends;
    draw();
    const answer = await show(server.way([a, b]));
    if (!answer) return;
    passed = answer.passed;
    line = [ends[0], ...passed.slice(1, -1).map(({ x, y }) => [x, y]), ends[1]];
    word.textContent = `It passes ${passed.map(({ label }) => label).join(", ")}.`;
    draw();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!atlas) return;
    held = { event, moved: false, x: view.x, y: view.y, from: nearest(atlas.points, ...place(event), NEAR / scale()) };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!atlas) return;
    if (!held) return hover(event);
    const dx = event.clientX - held.event.clientX, dy = event.clientY - held.event.clientY;
    held.moved ||= Math.hypot(dx, dy) > 4;
    if (isDrawing && held.from >= 0) {
      line = [[atlas.points[2 * held.from], atlas.points[2 * held.from + 1]], place(event)];
      passed = [];
    } else {
      view.x = held.x - dx / scale();
      view.y = held.y + dy / scale();
    }
    draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!held) return;
    const { moved, from } = held, to = nearest(atlas.points, ...place(event), (2 * NEAR) / scale());
    held = null;
    if (isDrawing && moved && from >= 0) {
      if (to >= 0 && to !== from) return walk(from, to);
      line = null;
      draw();
    } else if (!moved && to >= 0) {
      line = null;
      passed = [];
      show(server.take(to));
    }
  });
  canvas.addEventListener("pointerleave", () => {
    hovered = -1;
    small?.pause();
    clearTimeout(waiting);
    tip.hidden = true;
    draw();
  });
  canvas.addEventListener("wheel", (event) => {
    if (!atlas) return;
    event.preventDefault();
    const [x, y] = place(event), zoom = Math.min(Math.max(view.zoom * Math.exp(-0.0015 * event.deltaY), 0.8), 40);
    view = { x: x + ((view.x - x) * view.zoom) / zoom, y: y + ((view.y - y) * view.zoom) / zoom, zoom };
    draw();
  }, { passive: false });
  words.addEventListener("change", async () => {
    const answer = await server.find(words.value);
    word.textContent = answer.reason ?? "";
    if (answer.reason) return;
    mark = { x: answer.x, y: answer.y, label: words.value };
    view = { x: mark.x, y: mark.y, zoom: 4 };
    found.replaceChildren(make("span", {}, "Nearest:"), ...answer.near.map(({ number, label }) => make("button", { type: "button", onclick: () => show(server.take(number)) }, label)));
    draw();
  });
  // The prompt's own place, when the tab is opened.
  new IntersectionObserver(async ([{ isIntersecting }]) => {
    if (!isIntersecting) return;
    await open();
    const prompt = window.motionStage("text-stage")?.scene?.asked?.prompt;
    if (prompt && mark?.label !== prompt && !words.value) {
      const { x, y } = await server.find(prompt);
      if (x != null) mark = { x, y, label: prompt };
    }
    draw();
  }).observe(canvas);
  new ResizeObserver(draw).observe(canvas);
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["class"] });
}
