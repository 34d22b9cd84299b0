// Small moving pictures: one renderer draws them all, each on a plain canvas of its own.
import { load, offsetsOf } from "./body.js";
import { targets } from "./camera.js";
import { make } from "./controls.js";
import { FlatView } from "./flat.js";
import { along } from "./maths.js";
import { FPS, newPose, sample } from "./motion.js";

const SIZE = 220, REST = 0.3, NEAR = 0.72; // pixels; seconds; as near as on a stage, times this
/** @type {Promise<any> | null} */
let studio = null;

/** The view that draws all, or null without WebGL. */
function open(how) {
  studio ??= (async () => {
    const [{ View }, body] = await Promise.all([import("./view.js"), load(how.body)]);
    try {
      const view = new View(document.createElement("canvas"), body, how.limbs);
      view.resize(SIZE, SIZE, 1);
      view.zoom = NEAR;
      view.populate(1, false);
      return view;
    } catch {
      return null;
    }
  })();
  studio.catch(() => (studio = null));
  return studio;
}

export const isDark = () => document.body.classList.contains("dark") || document.documentElement.classList.contains("dark");

/** A small picture of a motion, which plays while it is told to. */
export class Small {
  /**
   * @param {any} how as a stage's: the figure
   * @param {import("./motion.js").Motion} motion
   */
  constructor(how, motion) {
    this.how = how;
    this.motion = motion;
    this.canvas = make("canvas", { width: SIZE, height: SIZE, class: "small", "aria-hidden": "true" });
    this.pose = newPose();
    this.targets = targets([motion.path]);
    /** @type {FlatView | null} */
    this.flat = null;
    this.playing = false;
    this.time = 0;
    this.draw((motion.frames - 1) / 2);
  }

  play() {
    if (this.playing) return;
    this.playing = true;
    let last = performance.now();
    const tick = (now) => {
      if (!this.playing || !this.canvas.isConnected) return void (this.playing = false);
      this.time = (this.time + (now - last) / 1000) % ((this.motion.frames - 1) / FPS + REST);
      last = now;
      this.draw(this.time * FPS).then(() => requestAnimationFrame(tick));
    };
    requestAnimationFrame(tick);
  }

  pause() {
    this.playing = false;
  }

  async draw(frame) {
    const view = await open(this.how);
    sample(this.motion, frame, this.pose);
    const at = new Float32Array(3);
    along(at, this.targets, frame);
    if (view) {
      view.dress(isDark());
      view.target.set(...at);
      view.figures[0].pose(this.pose, [0, 0]);
      view.draw();
      this.canvas.getContext("2d").drawImage(view.renderer.domElement, 0, 0, SIZE, SIZE);
    } else {
      this.flat ??= new FlatView(this.canvas, offsetsOf(this.how.rest), this.how.limbs);
      this.flat.zoom = NEAR;
      this.flat.dark = isDark();
      this.flat.resize(SIZE, SIZE, 1);
      this.flat.target = at;
      this.flat.draw([this.pose], [[0, 0]]);
    }
  }
}

/**
 * A button with a small picture that plays while one points at it or has the focus there.
 * @param {Small} small
 * @param {string} label
 * @param {() => void} onclick
 */
export function tile(small, label, onclick) {
  return make(
    "button",
    {
      type: "button",
      class: "tile",
      title: label,
      onclick,
      onpointerenter: () => small.play(),
      onpointerleave: () => small.pause(),
      onfocus: () => small.play(),
      onblur: () => small.pause(),
    },
    small.canvas,
    make("span", {}, label),
  );
}
