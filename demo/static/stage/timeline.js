// Time on the stage: what is played, how fast, and where it is.
import { FPS } from "./motion.js";

const REST = 0.3; // seconds that the last pose is held before it begins again

export class Timeline {
  constructor() {
    this.frames = 1;
    this.time = 0;
    this.speed = 1;
    this.loop = true;
    this.playing = true;
  }

  /** Seconds from the first frame to the last. */
  get duration() {
    return (this.frames - 1) / FPS;
  }

  /** The frame that is shown; it may lie between two. */
  get frame() {
    return Math.min(this.time, this.duration) * FPS;
  }

  /**
   * Begin again with this many frames.
   * @param {number} frames
   */
  start(frames) {
    this.frames = Math.max(frames, 1);
    this.time = 0;
    this.playing = true;
  }

  /**
   * Let this many seconds pass.
   * @param {number} seconds
   */
  advance(seconds) {
    if (!this.playing) return;
    this.time += seconds * this.speed;
    if (this.time < this.duration + (this.loop ? REST * this.speed : 0)) return;
    if (this.loop) {
      this.time = 0;
    } else {
      this.time = this.duration;
      this.playing = false;
    }
  }

  /**
   * Go to a time in seconds.
   * @param {number} time
   */
  seek(time) {
    this.time = Math.min(Math.max(time, 0), this.duration);
  }

  /**
   * Pause, and go some frames ahead or back, from one end on to the other.
   * @param {number} count
   */
  step(count) {
    this.playing = false;
    const frame = Math.round(this.frame) + count;
    this.time = (((frame % this.frames) + this.frames) % this.frames) / FPS;
  }

  /** Play or pause; at the end, play again from the start. */
  toggle() {
    if (!this.playing && !this.loop && this.time >= this.duration) this.time = 0;
    this.playing = !this.playing;
  }
}
