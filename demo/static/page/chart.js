// A map of what the model knows: dots by family, names as one zooms, motions as one points. Others put it on the page.
import { make } from "../stage/controls.js";
import { fromText } from "../stage/motion.js";
import { steer } from "./chartkeys.js";
import { insisted } from "./reached.js";
import { isDark, Small } from "../stage/small.js";

const HUES = [14, 205, 130, 285, 45, 340, 175, 240, 90, 315, 25, 190, 60, 265, 150, 0];
const NEAR = 14, PAUSE = 90, NAMES_FROM = 3, APART = 22; // pixels, milliseconds, zoom, pixels
const CORNER = { wide: 46, high: 88 }; // pixels that the buttons have at the top right
const HOLD = 180; // milliseconds that a finger rests on a dot before it draws in any direction
const LEAST = 0.8, MOST = 40; // zoom

/**
 * The dot nearest to a place, or -1 where none is near.
 * @param {ArrayLike<number>} points x and y of each
 * @param {number} x
 * @param {number} y
 * @param {number} most how far away at most
 * @param {number[] | null} [only] the dots to choose from, where not all
 */
export function nearest(points, x, y, most, only = null) {
  let best = -1, least = most * most;
  const look = (n) => {
    const away = (points[2 * n] - x) ** 2 + (points[2 * n + 1] - y) ** 2;
    if (away >= least) return;
    least = away;
    best = n;
  };
  if (only) only.forEach(look);
  else for (let n = 0; n < points.length / 2; n++) look(n);
  return best;
}

/**
 * Where a name stands over a place of the picture; null where the place is outside, or another name is too near.
 * @param {[number, number, number][]} taken middle, line and half of the width of names, to which it is added
 * @param {() => number} measure its width, which takes a while to find
 * @param {number} x of the place, in pixels
 * @param {number} y
 * @param {number} width of the picture
 * @param {number} height
 * @returns {[number, number] | null} middle and line
 */
export function room(taken, measure, x, y, width, height) {
  if (x < 0 || y < 6 || x > width || y > height) return null;
  const half = measure() / 2 + 4, line = Math.max(y - 9, 11), right = line < CORNER.high ? width - CORNER.wide : width;
  const middle = Math.min(Math.max(x, half), Math.max(right - half, half));
  if (taken.some(([a, b, other]) => Math.abs(a - middle) < half + other && Math.abs(b - line) < APART)) return null;
  taken.push([middle, line, half]);
  return [middle, line];
}

/** @type {Promise<any> | null} */
let atlas = null;

/** The dots, which are asked for once a page, or {reason}. @param {any} server */
async function atlasOf(server) {
  const answer = await (atlas ??= insisted(() => server.atlas()));
  if (answer.reason) atlas = null;
  return answer;
}

/** @param {number} family of a dot, by its number */
export const hue = (family) => HUES[family % HUES.length];

/**
 * A colour with a saturation of 65 %, as four bytes of a picture.
 * @param {number} hue in degrees
 * @param {number} light 0 to 1
 * @param {number} alpha 0 to 1
 */
export function packed(hue, light, alpha) {
  const strength = 0.65 * Math.min(light, 1 - light);
  const bytes = [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (light - strength * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
  return new Uint32Array(new Uint8Array([...bytes, Math.round(255 * alpha)]).buffer)[0];
}

export class Chart {
  /**
   * @param {any} how the figure, with the page's address
   * @param {any} server atlas and one
   * @param {(number: number) => void} pick what a click on a dot does
   */
  constructor(how, server, pick) {
    this.how = how;
    this.server = server;
    this.pick = pick;
    this.atlas = null;
    this.view = { x: 0, y: 0, zoom: 1 };
    /** A place with words. @type {{x: number, y: number, label: string} | null} */
    this.mark = null;
    /** Circles with names. @type {{x: number, y: number, label: string, radius?: number}[]} */
    this.passed = [];
    /** @type {[number, number][] | null} */
    this.line = null;
    /** The line while it is drawn. @type {[number, number][] | null} */
    this.drawn = null;
    /** The dots that are pointed at before others, which are pale then. @type {number[]} */
    this.first = [];
    /** What a drag from one dot to another does, where it doesn't move the map. @type {((from: number, to: number) => void) | null} */
    this.join = null;
    /** The dots as they were drawn last. @type {ImageData | null} */
    this.picture = null;
    this.hovered = -1;
    this.waiting = 0;
    /** @type {Map<number, PointerEvent>} */
    this.held = new Map();
    this.used = false;
    /** Whether a finger has rested on a dot, and draws now. */
    this.gripped = false;
    this.gripping = 0;
    /** @type {Small | null} */
    this.small = null;
    this.canvas = make("canvas", { class: "chart", tabindex: 0, role: "application", "aria-label": "A map of known motions: arrows move it, plus and minus zoom, Enter takes the motion in its middle" });
    this.tip = make("div", { class: "tip", role: "status", hidden: true });
    this.hint = make("p", { class: "hint", "aria-hidden": "true" });
    this.lost = make("p", { class: "lost", role: "alert" });
    const zoom = (sign, label, by) => make("button", { type: "button", title: label, "aria-label": label, onclick: () => this.zoomBy(by) }, sign);
    const buttons = make("div", { class: "zooms" }, zoom("+", "Zoom in", 1.6), zoom("−", "Zoom out", 1 / 1.6));
    this.root = make("div", { class: "map" }, this.canvas, buttons, this.lost, this.hint, this.tip);
    this.use(false);
    this.#listen();
    steer(this);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    new MutationObserver(() => this.draw()).observe(document.body, { attributeFilter: ["class"] });
  }

  /** Ask for the dots. @returns {Promise<boolean>} whether they are there; else it says why */
  async open() {
    const answer = this.atlas ?? (await atlasOf(this.server));
    this.lost.textContent = answer.reason ?? "";
    if (answer.reason) return false;
    this.atlas = answer;
    this.draw();
    return true;
  }

  /** Look at a place. */
  look(x = 0, y = 0, zoom = 1) {
    this.view = { x, y, zoom };
    this.draw();
  }

  /** Look at places, so that all are visible. @param {[number, number][]} places */
  frame(places) {
    const [xs, ys] = [0, 1].map((n) => places.map((place) => place[n]));
    const wide = Math.max(...xs) - Math.min(...xs), high = Math.max(...ys) - Math.min(...ys), { clientWidth: w, clientHeight: h } = this.canvas;
    const fit = (2100 / Math.min(w, h)) * Math.min((0.6 * w) / Math.max(wide, 1), (0.6 * h) / Math.max(high, 1));
    this.look((Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2, Math.min(Math.max(fit, 1), 6));
  }

  /** @param {number} n a dot @returns {[number, number]} */
  at(n) {
    return [this.atlas.points[2 * n], this.atlas.points[2 * n + 1]];
  }

  /** @param {number} n a dot */
  label(n) {
    return this.atlas.labels[this.atlas.label_of[n]];
  }

  draw() {
    const { canvas, atlas } = this, ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !atlas) return;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const paint = canvas.getContext("2d"), dark = isDark(), size = Math.min(2.2 + this.view.zoom, 7);
    canvas.dataset.view = [this.view.x, this.view.y, this.view.zoom].map((value) => value.toFixed(2)).join(" ");
    this.#dots(paint, size * ratio, ratio, dark);
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.fillStyle = paint.strokeStyle = dark ? "#fff" : "#1c1917";
    paint.textAlign = "center";
    const line = this.drawn ?? this.line, taken = [], said = new Set();
    if (line) {
      paint.lineWidth = 2;
      paint.beginPath();
      line.forEach(([x, y], n) => (n ? paint.lineTo(this.#across(x), this.#down(y)) : paint.moveTo(this.#across(x), this.#down(y))));
      paint.stroke();
    }
    paint.font = "600 13px system-ui, sans-serif";
    const circles = [...(this.mark ? [{ ...this.mark, radius: 8 }] : []), ...(this.drawn ? [] : this.passed)];
    for (const { x, y, label, radius } of circles) {
      this.#dot(paint, x, y, radius ?? 5);
      this.#name(paint, taken, label, x, y);
      said.add(label);
    }
    paint.font = "12px system-ui, sans-serif";
    if (this.view.zoom >= NAMES_FROM && !this.first.length) this.#names(paint, taken, said);
    if (this.hovered >= 0) this.#dot(paint, ...this.at(this.hovered), 7);
  }

  /** All dots, pixel by pixel: ten thousand rectangles of the canvas' own take fifty times as long without a GPU. */
  #dots(paint, size, ratio, dark) {
    const { atlas, canvas } = this, { width, height } = canvas, side = Math.max(Math.round(size), 1);
    if (this.picture?.width !== width || this.picture.height !== height) this.picture = paint.createImageData(width, height);
    const pixels = new Uint32Array(this.picture.data.buffer), scale = this.scale() * ratio;
    const left = this.#across(0) * ratio - side / 2, top = this.#down(0) * ratio - side / 2;
    const colours = atlas.families.map((_, family) => packed(hue(family), dark ? 0.62 : 0.42, this.first.length ? 0.45 : 1));
    pixels.fill(0);
    for (let n = 0; n < atlas.family_of.length; n++) {
      const x = Math.round(left + atlas.points[2 * n] * scale), y = Math.round(top - atlas.points[2 * n + 1] * scale);
      const from = Math.max(x, 0), to = Math.min(x + side, width), colour = colours[atlas.family_of[n]];
      if (from >= to) continue;
      for (let row = Math.max(y, 0); row < Math.min(y + side, height); row++) pixels.fill(colour, row * width + from, row * width + to);
    }
    paint.putImageData(this.picture, 0, 0);
  }

  /** Pixels for each unit of the map. */
  scale() {
    return (Math.min(this.canvas.clientWidth, this.canvas.clientHeight) / 2100) * this.view.zoom;
  }

  #across(x) {
    return this.canvas.clientWidth / 2 + (x - this.view.x) * this.scale();
  }

  #down(y) {
    return this.canvas.clientHeight / 2 - (y - this.view.y) * this.scale();
  }

  /** @returns {[number, number]} */
  #place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect(), scale = this.scale();
    return [(clientX - box.left - box.width / 2) / scale + this.view.x, -(clientY - box.top - box.height / 2) / scale + this.view.y];
  }

  /** The dot nearest to a place, wherever it is. */
  nearest(x, y) {
    return nearest(this.atlas.points, x, y, Infinity);
  }

  #near(event, most = NEAR) {
    const at = this.#place(event), away = most / this.scale(), first = nearest(this.atlas.points, ...at, away, this.first);
    return first >= 0 ? first : nearest(this.atlas.points, ...at, away);
  }

  #dot(paint, x, y, radius) {
    paint.lineWidth = 2;
    paint.beginPath();
    paint.arc(this.#across(x), this.#down(y), radius, 0, 7);
    paint.stroke();
  }

  /** A name over a place, where there is room for it. */
  #name(paint, taken, label, x, y) {
    const { clientWidth: width, clientHeight: height } = this.canvas, measure = () => paint.measureText(label).width;
    const place = room(taken, measure, this.#across(x), this.#down(y), width, height);
    if (place) paint.fillText(label, place[0], place[1]);
    return Boolean(place);
  }

  /** One name for each label that is visible, and not said already. */
  #names(paint, taken, seen) {
    for (let n = 0; n < this.atlas.label_of.length && taken.length < 60; n++) {
      if (seen.has(this.atlas.label_of[n])) continue;
      if (this.#name(paint, taken, this.label(n), ...this.at(n))) seen.add(this.atlas.label_of[n]);
    }
  }

  /** Point at a dot, which tells its name and plays; -1 at none. @param {number} near */
  hover(near) {
    if (near === this.hovered) return;
    this.hovered = near;
    clearTimeout(this.waiting);
    this.small?.pause();
    this.tip.hidden = true;
    this.canvas.style.cursor = near >= 0 ? "pointer" : "grab";
    this.draw();
    if (near < 0) return;
    const left = this.#across(this.at(near)[0]), top = this.#down(this.at(near)[1]);
    this.tip.style.left = `${Math.min(Math.max(left - 70, 0), this.canvas.clientWidth - 140)}px`;
    this.tip.style.top = `${top > 180 ? top - 176 : top + 14}px`;
    this.tip.replaceChildren(make("span", {}, this.label(near)));
    this.tip.hidden = false;
    this.waiting = setTimeout(async () => {
      const { motion } = await this.server.one(near);
      if (this.hovered !== near || !motion) return;
      this.small = new Small(this.how, fromText(motion));
      this.tip.replaceChildren(this.small.canvas, make("span", {}, this.label(near)));
      this.small.play();
    }, PAUSE);
  }

  /** Until the map is clicked the wheel scrolls the page; when the mouse leaves, it does so again. */
  use(used) {
    this.used = used;
    const key = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl";
    this.hint.textContent = matchMedia("(pointer: coarse)").matches
      ? "two fingers zoom"
      : used ? "the wheel zooms" : `${key} + wheel zooms, or click first`;
  }

  /** @param {number} by @param {[number, number]} [at] what stays where it is */
  zoomBy(by, at = [this.view.x, this.view.y]) {
    const [x, y] = at, zoom = Math.min(Math.max(this.view.zoom * by, LEAST), MOST);
    this.look(x + ((this.view.x - x) * this.view.zoom) / zoom, y + ((this.view.y - y) * this.view.zoom) / zoom, zoom);
  }

  #listen() {
    const { canvas, held } = this;
    let moved = false, from = -1;
    const undraw = () => {
      this.drawn = null;
      this.draw();
    };
    const release = () => {
      clearTimeout(this.gripping);
      this.gripped = false;
    };
    const middle = () => {
      const [a, b = a] = [...held.values()];
      return { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2, apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) };
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.atlas) return;
      held.set(event.pointerId, event);
      canvas.setPointerCapture(event.pointerId);
      this.use(true);
      moved = held.size > 1;
      from = this.#near(event);
      release();
      if (this.join && from >= 0 && held.size === 1) {
        this.gripping = setTimeout(() => {
          this.gripped = true;
          this.hover(from);
        }, HOLD);
      }
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.atlas) return;
      if (!held.has(event.pointerId)) return this.hover(this.#near(event));
      const before = middle(), first = held.get(event.pointerId);
      moved ||= Math.hypot(event.clientX - first.clientX, event.clientY - first.clientY) > 4;
      if (!moved) return;
      clearTimeout(this.gripping);
      held.set(event.pointerId, event);
      const now = middle();
      if (this.join && from >= 0 && held.size === 1) {
        this.drawn = [this.at(from), this.#place(event)];
        this.hover(this.#near(event, 2 * NEAR));
        return this.draw();
      }
      if (event.pointerType === "touch" && held.size === 1) return;  // one finger scrolls the page
      const scale = this.scale();
      this.view.x -= (now.clientX - before.clientX) / scale;
      this.view.y += (now.clientY - before.clientY) / scale;
      if (held.size === 2) this.zoomBy(now.apart / Math.max(before.apart, 1), this.#place(now));
      else this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      const last = held.delete(event.pointerId) && held.size === 0;
      if (!last) return;
      release();
      const to = this.#near(event, 2 * NEAR);
      if (this.drawn) {
        undraw();
        if (to >= 0 && to !== from) this.join(from, to);
      } else if (!moved && to >= 0) this.pick(to);
    });
    canvas.addEventListener("pointercancel", (event) => {
      held.delete(event.pointerId);
      release();
      undraw();
    });
    canvas.addEventListener("pointerleave", () => {
      this.use(false);
      this.hover(-1);
    });
    canvas.addEventListener("wheel", (event) => {
      if (!this.atlas || !(this.used || event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.zoomBy(Math.exp(-0.0015 * event.deltaY), this.#place(event));
    }, { passive: false });
    // Two fingers are ours, one is the page's unless it rested on a dot.
    for (const kind of ["touchstart", "touchmove"]) {
      canvas.addEventListener(kind, (event) => (event.touches.length > 1 || this.gripped) && event.preventDefault(), { passive: false });
    }
  }
}
