// The stage's buttons and its scrubber: what they look like and what they call.
import { icon } from "./icons.js";

export const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
export const COLOURS = ["#c2410c", "#0e7490", "#4d7c0f", "#7e22ce", "#be123c", "#a16207", "#1d4ed8", "#047857"];
const ZOOM = 1.25, TURN = Math.PI / 12; // of a key
const OPTIONS = [
  ["path", "Path on the floor"],
  ["prints", "Footprints"],
  ["onion", "Poses before and after"],
];
/** @type {[import("./stage.js").Moving, string][]} */
const BODIES = [["wood", "Wooden figure"], ["skeleton", "Skeleton"], ["smpl", "SMPL body"], ["own", "Your own character"]];

/**
 * An element with attributes and children.
 * @param {string} tag
 * @param {Record<string, any>} attributes those that begin with "on" are listeners; "html" is markup of our own
 * @param {(Node | string)[]} children
 * @returns {any}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "html") element.innerHTML = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const button = (name, label, onclick, more = {}) =>
  make("button", { type: "button", class: "sign", "aria-label": label, title: label, html: icon(name), onclick, ...more });

/** Seconds as a clock shows them. */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;

export class Controls {
  /** @param {import("./stage.js").Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.play = button("play", "Play (space)", () => stage.toggle());
    this.scrub = make("input", { type: "range", min: 0, max: 1, step: 0.001, value: 0, "aria-label": "Time", class: "scrub" });
    this.scrub.addEventListener("input", () => stage.seek(Number(this.scrub.value)));
    this.segments = make("div", { class: "segments" });
    this.clock = make("span", {});
    this.frames = make("span", { class: "frames" });
    this.time = make("output", { class: "time" }, this.clock, this.frames);
    this.speed = make(
      "select",
      { "aria-label": "Speed", title: "Speed", onchange: (event) => stage.setSpeed(Number(event.target.value)) },
      ...SPEEDS.map((speed) => make("option", { value: speed, selected: speed === 1 }, `${{ 0.25: "¼", 0.5: "½", 1.5: "1½" }[speed] ?? speed} ×`)),
    );
    this.loop = button("loop", "Repeat", () => stage.setLoop(!stage.timeline.loop), { "aria-pressed": "true" });
    this.follow = button("follow", "Camera follows (F)", () => stage.setFollow(!stage.follow), { "aria-pressed": "true" });
    this.menu = make("div", { class: "menu", hidden: true }, ...OPTIONS.map(([name, label]) => this.#option(name, label)), this.#bodies());
    this.more = button("more", "What else to show", () => this.#open(this.menu.hidden), { "aria-expanded": "false" });
    this.full = button("full", "Full screen", () => stage.fullScreen(), { hidden: !document.fullscreenEnabled });
    this.views = make(
      "div",
      { class: "views" },
      ...["front", "side", "above"].map((name) =>
        make("button", { type: "button", onclick: () => stage.look(name) }, name[0].toUpperCase() + name.slice(1)),
      ),
    );
    this.slider = make("label", { class: "slider", hidden: true });
    this.bar = make(
      "div",
      { class: "bar" },
      make("div", { class: "track" }, this.segments, this.scrub),
      make(
        "div",
        { class: "signs" },
        this.play,
        button("back", "One frame back (left arrow)", () => stage.step(-1)),
        button("ahead", "One frame ahead (right arrow)", () => stage.step(1)),
        this.time,
        make("span", { class: "gap" }),
        this.speed,
        this.loop,
        this.follow,
        this.more,
        this.menu,
        button("still", "Still picture (PNG)", () => stage.still()),
        this.full,
      ),
    );
    stage.root.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("fullscreenchange", () => {
      const label = document.fullscreenElement === stage.root ? "Leave full screen (Esc)" : "Full screen";
      this.full.setAttribute("aria-label", label);
      this.full.title = label;
    });
    stage.root.addEventListener("focusout", (event) => {
      if (!stage.root.contains(event.relatedTarget)) this.#open(false);
    });
  }

  #option(name, label) {
    const box = make("input", { type: "checkbox", onchange: () => this.stage.setOption(name, box.checked) });
    return make("label", { "data-option": name }, box, label);
  }

  #bodies() {
    const group = `body-of-${this.stage.how.name}`;
    this.bodies = BODIES.map(([name, label]) => {
      const box = make("input", { type: "radio", name: group, value: name, checked: name === "wood", onchange: () => this.stage.setBody(name) });
      return make("label", { hidden: name === "own" || (name === "smpl" && !this.stage.how.smpl) }, box, label);
    });
    return make("fieldset", { "aria-label": "What moves" }, ...this.bodies);
  }

  /**
   * Choose what moves.
   * @param {boolean} own whether there is a character to choose
   * @param {import("./stage.js").Moving} body
   */
  choose(own, body) {
    this.bodies[BODIES.length - 1].hidden = !own;
    this.check(body);
    this.stage.setBody(body);
  }

  /** Show which body moves. @param {import("./stage.js").Moving} body */
  check(body) {
    this.bodies.forEach((label, number) => (label.firstChild.checked = BODIES[number][0] === body));
  }

  /** Whether there is anything to control. @param {boolean} on */
  enable(on) {
    this.bar.inert = this.views.inert = !on;
  }

  #open(open) {
    if (!open && this.menu.contains(document.activeElement)) this.more.focus();
    this.menu.hidden = !open;
    this.more.setAttribute("aria-expanded", String(open));
  }

  #key(event) {
    const { stage } = this, own = event.target !== stage.root;
    if (event.key === "Escape") this.#open(false);
    // What has the focus keeps its own keys.
    if (event.ctrlKey || event.metaKey || event.altKey || (own && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName))) return;
    const does = {
      " ": own ? null : () => stage.toggle(),
      k: () => stage.toggle(),
      ArrowLeft: () => stage.step(event.shiftKey ? -10 : -1),
      ArrowRight: () => stage.step(event.shiftKey ? 10 : 1),
      Home: () => stage.seek(0),
      End: () => stage.seek(stage.timeline.duration),
      "+": () => stage.zoom(1 / ZOOM),
      "=": () => stage.zoom(1 / ZOOM),
      "-": () => stage.zoom(ZOOM),
      t: () => stage.turn(TURN),
      T: () => stage.turn(-TURN),
      f: () => stage.setFollow(!stage.follow),
      F: () => stage.setFollow(!stage.follow),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  /** Show what the timeline says. */
  tell() {
    const { timeline, follow } = this.stage, shown = Math.min(timeline.time, timeline.duration);
    if (this.playing !== timeline.playing) {
      this.playing = timeline.playing;
      this.play.innerHTML = icon(this.playing ? "pause" : "play");
      const label = this.playing ? "Pause (space)" : "Play (space)";
      this.play.setAttribute("aria-label", label);
      this.play.title = label;
    }
    const frame = Math.round(timeline.frame), text = `${clock(shown)} ${frame}/${timeline.frames}`;
    if (text === this.text) return;
    this.text = text;
    this.clock.textContent = clock(shown);
    this.frames.textContent = ` · ${frame + 1}/${timeline.frames}`;
    this.scrub.value = String(shown);
    this.scrub.setAttribute("aria-valuetext", `${shown.toFixed(2)} seconds, frame ${frame + 1} of ${timeline.frames}`);
    this.loop.setAttribute("aria-pressed", String(timeline.loop));
    this.follow.setAttribute("aria-pressed", String(follow));
  }

  /** Write the state again, though the time is the same. */
  refresh() {
    this.text = "";
    this.playing = null;
    this.scrub.max = String(Math.max(this.stage.timeline.duration, 0.001));
    this.tell();
  }

  /**
   * Coloured stretches of the scrubber.
   * @param {{start: number, end: number, label: string, colour?: number}[]} segments in seconds
   */
  stretch(segments) {
    const whole = Math.max(this.stage.timeline.duration, 0.001), names = [...new Set(segments.map(({ label }) => label))];
    this.segments.replaceChildren(
      ...segments.map(({ start, end, label }) => {
        const share = (Math.min(end, whole) - start) / whole;
        const colour = COLOURS[names.indexOf(label) % COLOURS.length];
        return make(
          "button",
          {
            type: "button",
            title: `${label}: ${start.toFixed(1)} to ${end.toFixed(1)} s`,
            style: `left:${(100 * start) / whole}%;width:${100 * share}%;background:${colour}`,
            onclick: () => this.stage.seek(start),
          },
          label,
        );
      }),
    );
    this.segments.hidden = !segments.length;
  }

  /**
   * The slider that mixes.
   * @param {{label: string, min: number, max: number, step?: number, value: number, from: string, to: string} | null} slider
   */
  offer(slider) {
    this.slider.hidden = !slider;
    if (!slider) return;
    const input = make("input", { type: "range", min: slider.min, max: slider.max, step: slider.step ?? 0.01, value: slider.value });
    input.value = String(slider.value);
    input.addEventListener("input", () => this.stage.setMix(Number(input.value)));
    input.setAttribute("aria-label", slider.label);
    this.slider.replaceChildren(make("span", {}, slider.from), input, make("span", {}, slider.to));
  }
}
