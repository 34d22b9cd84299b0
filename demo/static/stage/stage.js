// The stage: shows a scene, plays it, and puts it in the page with its controls.
import { load, offsetsOf } from "./body.js";
import { footprints, reaches, trackJoints } from "./bones.js";
import { around, places, shares, STEP, TALL, targets, VIEWS } from "./camera.js";
import { Controls, make } from "./controls.js";
import { FlatView } from "./flat.js";
import { along } from "./maths.js";
import { fromText, mix, newPose, sample } from "./motion.js";
import { cover, inRow, placeNames } from "./names.js";
import { worn } from "./own.js";
import { Timeline } from "./timeline.js";

const SOON = 150; // milliseconds in which what is new may come without a word about it: to dim the picture takes time, too
const STILL = 1500; // milliseconds at most that the old figure waits for the new one without moving
const SLOW = 1 / 24, PATIENCE = 12; // seconds per frame; frames of which most must be slow before detail is given up
const NARROW = 520; // pixels of width that all controls need in one row
const RATIOS = [2, 1.5, 1, 0.75, 0.5];
const NO_WEBGL = "This browser shows no 3D here (WebGL is off), so you see a skeleton.";

/**
 * @typedef {"wood" | "skeleton" | "smpl" | "own"} Moving what moves
 *
 * @typedef {object} Part one figure
 * @property {string} label
 * @property {string[]} motions in base64; several lie along the scene's slider
 * @property {number[]} [at] where each lies
 *
 * @typedef {object} Scene
 * @property {string} name for files and for those who can't see it
 * @property {Part[]} figures
 * @property {"beside" | "together"} layout
 * @property {any} [slider]
 * @property {{start: number, end: number, label: string}[]} [segments]
 */

export class Stage {
  /**
   * @param {HTMLElement} host
   * @param {{body: string, smpl: string, rest: number[], limbs: any[], name: string, label: string, empty: string, root: string}} how body: the address of the figure; smpl: SMPL's, "" where there is none; root: the page's
   */
  constructor(host, how) {
    this.how = how;
    this.timeline = new Timeline();
    this.follow = true;
    this.options = { path: false, prints: false, onion: false };
    /** @type {Moving} */
    this.body = "wood";
    /** In place of the wooden surface. @type {import("./body.js").Body | null} */
    this.surface = null;
    /** @type {import("./character.js").Character[]} */
    this.characters = [];
    this.mixed = 0;
    this.poses = [];
    this.dirty = true;
    this.shown = false;
    this.slow = [];
    this.busySince = 0;
    this.dimming = 0;
    /** How many times as long as else a picture waits for the next one where drawing is slow. */
    this.calm = 1;
    this.canvas = make("canvas", { role: "img", "aria-label": how.label });
    this.word = make("p", { class: "word", role: "status" }, how.empty);
    this.names = make("div", { class: "names", "aria-hidden": "true" });
    this.root = make("div", {
      class: "stage empty",
      tabindex: 0,
      role: "group",
      "aria-label": `${how.label}. Space plays and pauses, arrows step, Home goes to the start, F follows, plus and minus zoom, T turns.`,
    });
    this.controls = new Controls(this);
    this.picture = make("div", { class: "picture" }, this.canvas, this.names, this.word, this.controls.views);
    this.root.append(this.picture, this.controls.slider, this.controls.bar);
    this.controls.enable(false);
    host.replaceChildren(this.root);
    /** A View, or a FlatView without WebGL. @type {any} */
    this.view = null;
    /** @type {Promise<void> | null} */
    this.opening = null;
    this.wasConnected = false;
    this.row = false;
    /** Of the names. @type {[number, number][] | null} */
    this.sizes = null;
    /** How names stand. @type {"own" | "row" | "steps"} */
    this.naming = "own";
    /** @type {Float32Array} */
    this.offsets = offsetsOf(how.rest);
    this.#listen();
  }

  /** Show a scene, from its start; what was shown before stays where it cannot be read. @param {Scene} scene */
  async show(scene) {
    this.wanted = scene;
    const characters = await this.#dressed(scene);
    if (this.wanted !== scene) return;
    const parts = scene.figures.map((part) => ({ ...part, motions: part.motions.map(fromText), at: part.at ?? [0] }));
    this.scene = scene;
    this.parts = parts;
    this.began = performance.now();
    this.mixed = scene.slider?.value ?? 0;
    this.poses = parts.map(() => newPose());
    this.arms = parts.flatMap(({ motions }) => motions.map((motion) => reaches(this.offsets, motion, newPose(), sample, STEP)));
    this.timeline.start(Math.max(...parts.flatMap(({ motions }) => motions.map(({ frames }) => frames))));
    this.controls.offer(scene.slider ?? null);
    this.controls.stretch(scene.segments ?? []);
    this.controls.refresh();
    this.canvas.setAttribute("aria-label", scene.name ? `${this.how.label}: ${scene.name}` : this.how.label);
    this.names.replaceChildren(...(parts.length > 1 ? parts.map(({ label }) => make("span", {}, label)) : []));
    this.#unname();
    this.root.classList.remove("empty");
    this.controls.enable(true);
    this.#cast(characters);
    this.busy("");
    this.#complain();
    await this.#open();
    if (this.scene !== scene) return;
    this.#arrange();
  }

  /** @param {Moving} body */
  async setBody(body) {
    this.body = body;
    const { scene } = this, [characters, surface] = await Promise.all([scene ? this.#dressed(scene) : [], this.#surfaced()]);
    if (this.scene !== scene || this.body !== body) return;
    this.#cast(characters);
    this.surface = surface;
    if (body === "smpl" && !surface) {
      this.body = "wood";
      this.controls.check("wood");
    }
    this.#complain();
    this.#arrange();
  }

  /** SMPL's surface, where it is to be shown. */
  async #surfaced() {
    if (this.body !== "smpl") return null;
    try {
      return await load(this.how.smpl);
    } catch (error) {
      this.complaint = `SMPL can't be shown: ${error.message}`;
      return null;
    }
  }

  /** The character, once for each figure of a scene, where it is to be shown; else none. @param {Scene} scene */
  async #dressed(scene) {
    const own = worn();
    this.complaint = "";
    if (this.body !== "own" || !own?.model || this.view instanceof FlatView) return [];
    try {
      const { Character, tracksFrom } = await import("./character.js");
      const tracks = (await own.fit(scene.figures.flatMap(({ motions }) => motions))).map(tracksFrom);
      let next = 0;
      return scene.figures.map(({ motions }) => new Character(own, tracks.slice(next, (next += motions.length))));
    } catch (error) {
      this.complaint = `Your character can't be shown: ${error.message}`;
      return [];
    }
  }

  #complain() {
    this.word.textContent = this.complaint || this.#rest();
  }

  /** What stands on the stage where there is nothing else to say. */
  #rest() {
    return this.scene ? (this.view instanceof FlatView ? NO_WEBGL : "") : this.how.empty;
  }

  /** The visitor has another character, or none any more. */
  #change() {
    const own = Boolean(worn()?.model) && !(this.view instanceof FlatView);
    this.#cast([]);
    this.#arrange();
    this.controls.choose(own, own ? "own" : this.body === "own" ? "wood" : this.body);
  }

  /**
   * Say that something new is made, over what is there, where whoever asked can see it; "" takes it back.
   * @param {string} word
   */
  busy(word) {
    if (word && !navigator.onLine) return this.refuse("There is no connection. Try again when it is back.");
    if (word) {
      this.complaint = "";
      this.picture.scrollIntoView({ block: "nearest" });
    }
    this.busySince = word ? performance.now() : 0;
    clearTimeout(this.dimming);
    if (word) this.dimming = setTimeout(() => this.#dim(word), SOON);
    else this.#dim("");
  }

  #dim(word) {
    this.root.classList.toggle("busy", Boolean(word));
    this.word.textContent = word || this.complaint || this.#rest();
  }

  /** Say why nothing new comes; what was there before stays. @param {string} reason */
  refuse(reason) {
    this.complaint = reason;
    this.busy("");
  }

  toggle() {
    this.timeline.toggle();
    this.#touch();
  }

  step(count) {
    this.timeline.step(count);
    this.#touch();
  }

  seek(time) {
    this.timeline.seek(time);
    this.#touch();
  }

  setSpeed(speed) {
    this.timeline.speed = speed;
    this.#touch();
  }

  setLoop(loop) {
    this.timeline.loop = loop;
    this.#touch();
  }

  setFollow(follow) {
    this.follow = follow;
    this.#touch();
  }

  setMix(value) {
    this.mixed = value;
    this.dirty = true;
  }

  setOption(name, on) {
    this.options[name] = on;
    this.#arrange();
  }

  look(name) {
    this.view?.look(name);
    this.dirty = true;
  }

  /** Take the camera so many times as far away. @param {number} factor */
  zoom(factor) {
    if (!this.view) return;
    this.view.zoom = Math.min(Math.max(this.view.zoom * factor, 0.3), 4);
    this.dirty = true;
  }

  /** Take the camera around the figures. @param {number} yaw in radians */
  turn(yaw) {
    this.view?.orbit(yaw, 0);
    this.dirty = true;
  }

  /** Give the picture as a file. */
  still() {
    this.draw();
    this.canvas.toBlob((blob) => {
      const address = URL.createObjectURL(blob);
      make("a", { href: address, download: `${(this.scene?.name || "figure").replace(/[^\w-]+/g, "-").slice(0, 60)}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    });
  }

  /** What is seen now, small, as an address that holds its data; in wood, since thumbnails outlive the visit. */
  thumbnail(width, height, kind = "image/webp") {
    const { characters, surface, body } = this, { zoom } = this.view, wear = (what, cast) => {
      if (body === "wood") return;
      Object.assign(this, what);
      this.#cast(cast);
      this.#arrange();
    };
    wear({ surface: null, body: "wood" }, []);
    const small = make("canvas", { width, height }), { width: wide, height: high } = this.canvas, size = Math.min(wide, (high * width) / height);
    const tall = (size * height) / width;
    this.view.zoom = (0.72 * high) / tall;
    this.draw();
    this.view.zoom = zoom;
    small.getContext("2d").drawImage(this.canvas, (wide - size) / 2, (high - tall) / 2, size, tall, 0, 0, width, height);
    wear({ surface, body }, characters);
    this.dirty = true;
    return small.toDataURL(kind, 0.7);
  }

  async fullScreen() {
    try {
      await (document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen());
    } catch {
      this.busy("");
      this.word.textContent = "This browser doesn't allow full screen here.";
    }
  }

  /** Heights of each figure in the picture: [top, bottom], from 0 at the top to 1. */
  spans() {
    return this.view instanceof FlatView ? this.view.spans : this.view.figures.map((figure) => figure.span(this.view.camera));
  }

  async #open() {
    if (this.view) return;
    this.opening ??= this.#makeView();
    try {
      await this.opening;
    } finally {
      this.opening = null; // what did not come is asked for again with the next scene
    }
  }

  async #makeView() {
    const [{ View, drawsInSoftware }, body] = await Promise.all([import("./view.js"), load(this.how.body)]);
    try {
      this.view = new View(this.canvas, body, this.how.limbs);
      this.offsets = body.offsets;
    } catch (error) {
      console.info(`no WebGL: ${error}`);
      const canvas = make("canvas", { role: "img", "aria-label": this.how.label });
      this.canvas.replaceWith(canvas);
      this.canvas = canvas;
      this.view = new FlatView(canvas, this.offsets, this.how.limbs);
      this.#steer();
      this.controls.menu.querySelectorAll("label, fieldset").forEach((part) => part.remove());
      this.controls.more.hidden = true;
      this.busy("");
    }
    this.canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.lost = true;
    });
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.lost = false;
      this.dirty = true;
    });
    const software = drawsInSoftware();
    this.ratio = software ? 0.75 : Math.min(window.devicePixelRatio || 1, 2);
    this.pause = software ? 1 / 16 : 0;
    this.#resize();
    this.#tick();
  }

  /** Metres of a figure, or of the visitor's character. */
  get tall() {
    return this.characters[0]?.tall ?? TALL;
  }

  /**
   * Take characters in place of the figures, or none.
   * @param {import("./character.js").Character[]} characters
   */
  #cast(characters) {
    this.characters = characters;
    if (this.parts) this.#place();
  }

  /** Say where the figures stand, and what the camera looks at. */
  #place() {
    const { parts, picture } = this, aspect = picture.clientWidth / Math.max(picture.clientHeight, 1);
    this.places = this.scene.layout === "beside" ? places(parts.length, aspect, this.tall) : parts.map(() => [0, 0]);
    this.paths = parts.flatMap(({ motions }, number) => motions.map((motion) => moved(motion.path, this.places[number])));
    // Each figure counts once, however many motions lie along its slider.
    const ways = parts.map(({ motions }, number) => moved(middle(motions).path, this.places[number]));
    this.minded = shares(ways);
    this.targets = targets(ways, this.tall, this.minded);
  }

  #arrange() {
    if (!this.view || !this.parts) return;
    this.#dress();
    const row = this.scene.layout === "beside" && this.parts.length > 1;
    if (row !== this.row) {
      this.row = row;
      [this.view.yaw, this.view.pitch] = row ? VIEWS.row : VIEWS.start;
    }
    const owners = this.parts.flatMap(({ motions }, number) => motions.map(() => number));
    this.view.frame(around(this.paths, this.arms, this.targets, (path, frame) => this.minded[owners[path]][frame] > 0), this.tall);
    if (!(this.view instanceof FlatView)) {
      this.view.bony = this.body === "skeleton";
      this.view.shape(this.surface);
      this.view.populate(this.parts.length, this.scene.layout === "together");
      this.view.cast(this.characters);
      const prints = this.options.prints ? this.parts.flatMap((part, number) => this.#prints(part, this.places[number])) : [];
      this.view.mark(this.options.path ? this.paths.filter((_, n) => n < 8) : [], prints);
      this.#haunt();
    }
    this.dirty = true;
  }

  #prints({ motions }, place) {
    const [x, z] = place;
    const tracks = trackJoints(this.offsets, motions[0], newPose(), sample);
    return footprints(tracks).map((print) => ({ ...print, x: print.x + x, z: print.z + z }));
  }

  /** Poses of the whole motion, evenly in time. */
  #haunt() {
    const count = this.options.onion ? Math.min(6, Math.max(2, Math.round(this.timeline.duration * 2))) : 0;
    this.view.haunt(count * this.parts.length);
    const pose = newPose();
    this.parts.forEach(({ motions, at }, part) => {
      for (let n = 0; n < count; n++) {
        mix(motions, at, this.mixed, ((this.timeline.frames - 1) * n) / Math.max(count - 1, 1), pose);
        this.view.ghosts[part * count + n].pose(pose, this.places[part]);
      }
    });
  }

  #dress() {
    const dark = Boolean(document.body.classList.contains("dark") || document.documentElement.classList.contains("dark"));
    if (this.view instanceof FlatView) this.view.dark = dark;
    else this.view?.dress(dark);
    this.dirty = true;
  }

  #touch() {
    this.dirty = true;
    this.controls.refresh();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.picture;
    this.root.classList.toggle("narrow", width < NARROW);
    if (!this.view || !width || !height) return;
    this.view.resize(width, height, this.ratio);
    this.#unname();
    if (this.parts) {
      this.#place();
      this.#arrange();
    }
    this.dirty = true;
  }

  #listen() {
    new ResizeObserver(() => this.#resize()).observe(this.picture);
    new IntersectionObserver((entries) => {
      this.shown = entries[entries.length - 1].isIntersecting;
      this.last = 0;
      this.#resize();
    }).observe(this.picture);
    new MutationObserver(() => this.#arrange()).observe(document.body, { attributeFilter: ["class"] });
    document.addEventListener("character", () => this.root.isConnected && this.#change());
    if (worn()) this.#change();
    this.#steer();
  }

  /** Drag to turn; wheel or two fingers to zoom; a finger that moves up or down scrolls the page. */
  #steer() {
    const held = new Map(), { canvas } = this;
    let began = null;
    const apart = () => {
      const [a, b] = [...held.values()];
      return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    };
    canvas.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, event);
      if (this.view && held.size === 1) began = [this.view.yaw, this.view.pitch];
      canvas.setPointerCapture(event.pointerId);
      this.root.focus({ preventScroll: true });
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before || !this.view) return;
      const gap = held.size === 2 ? apart() : 0;
      held.set(event.pointerId, event);
      if (held.size === 2) this.zoom(gap / Math.max(apart(), 1));
      else this.view.orbit(-0.008 * (event.clientX - before.clientX), 0.008 * (event.clientY - before.clientY));
      this.dirty = true;
    });
    canvas.addEventListener("pointerup", (event) => held.delete(event.pointerId));
    // The page scrolls now: how the finger turned the view until this was seen is taken back.
    canvas.addEventListener("pointercancel", (event) => {
      if (held.size === 1 && began) [this.view.yaw, this.view.pitch] = began;
      held.delete(event.pointerId);
      this.dirty = true;
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        // Until the stage is in use the wheel scrolls the page.
        if (!this.view || !(event.ctrlKey || this.root.contains(document.activeElement))) return;
        event.preventDefault();
        this.zoom(Math.exp(0.0015 * event.deltaY));
      },
      { passive: false },
    );
  }


  #tick() {
    if (!this.root.isConnected && this.wasConnected) return this.view.dispose?.();
    this.wasConnected ||= this.root.isConnected;
    requestAnimationFrame(() => this.#tick());
    if (!this.shown || !this.parts || this.lost) return;
    // The clock itself: the time that a browser gives for a frame may lie far back where it is busy.
    const now = performance.now(), seconds = this.last ? Math.min((now - this.last) / 1000, 0.25) : 0;
    if (seconds && seconds < this.pause * this.calm) return;
    // Drawing in software takes the cores that the new figure is made with: the old one stands still meanwhile.
    if (this.pause && this.busySince && now - this.busySince < STILL) return;
    this.last = now;
    this.timeline.advance(seconds);
    const moves = this.view.advance?.(seconds);
    if (!this.timeline.playing && !this.dirty && !moves) return;
    this.dirty = false;
    this.draw();
    this.controls.tell();
    if (this.timeline.playing && seconds && !this.pause) this.#spare(seconds);
  }

  /**
   * Put each name under its figure. When some once met, all stand in a row from then on, or, where figures share a place or
   * the row is too long, one lower than the other.
   * @param {number[][]} feet shares of the picture's width and height
   */
  #name(feet) {
    const { clientWidth: width, clientHeight: height } = this.picture, names = [...this.names.children];
    this.sizes ??= names.map((name) => [name.offsetWidth, name.offsetHeight]);
    let places = placeNames(feet, this.sizes, width, height, this.naming);
    if (this.naming === "own" && cover(places, this.sizes)) {
      this.naming = this.row && inRow(this.sizes, width) ? "row" : "steps";
      places = placeNames(feet, this.sizes, width, height, this.naming);
    }
    places.forEach(([left, top], number) => (names[number].style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`));
  }

  /** Names are measured anew. */
  #unname() {
    this.sizes = null;
    this.naming = "own";
  }

  /** Where drawing is slow, draw fewer pixels. */
  #spare(seconds) {
    this.slow.push(seconds > SLOW);
    if (this.slow.length < PATIENCE) return;
    const slow = this.slow.filter(Boolean).length > PATIENCE / 2;
    this.slow = [];
    const less = RATIOS.find((ratio) => ratio < this.ratio);
    if (!slow || !less || this.view instanceof FlatView) return;
    this.ratio = less;
    this.#resize();
  }

  /** Draw what the timeline says. */
  draw() {
    const { view, parts, timeline, poses } = this;
    parts.forEach(({ motions, at }, number) => mix(motions, at, this.mixed, timeline.frame, poses[number]));
    if (this.follow) {
      const point = new Float32Array(3);
      along(point, this.targets, timeline.frame);
      view.moment = timeline.frame;
      if (view instanceof FlatView) view.target = point;
      else view.target.set(...point);
    }
    if (view instanceof FlatView) {
      view.draw(poses, this.places);
      if (this.names.childElementCount) this.#name(view.feet);
    } else {
      view.figures.forEach((figure, number) => figure.pose(poses[number], this.places[number]));
      this.characters.forEach((character, number) => character.pose(parts[number].at, this.mixed, timeline.frame, this.places[number]));
      view.draw();
      if (this.names.childElementCount) this.#name(view.figures.map((figure) => figure.foot(view.camera)));
    }
    if (this.began) {
      this.latency = performance.now() - this.began;
      this.began = 0;
      this.tell();
    }
  }

  /** Whether what was last shown has been drawn. */
  get moving() {
    return Boolean(this.latency && !this.began);
  }

  /** Tell the page what moves, once it does. */
  tell() {
    if (this.moving) this.root.dispatchEvent(new CustomEvent("moves", { bubbles: true, detail: this.scene }));
  }
}

/** The one in the middle. @param {any[]} motions */
const middle = (motions) => motions[Math.floor(motions.length / 2)];

/** A path, elsewhere on the floor. */
const moved = (path, place) => path.map((value, n) => value + [place[0], 0, place[1]][n % 3]);
