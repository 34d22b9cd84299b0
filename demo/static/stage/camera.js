// Where the camera looks and from how far, so that figures stay in the picture at a good size.
import { FPS } from "./motion.js";
import { along, smoothed } from "./maths.js";

export const FIELD = (32 * Math.PI) / 180; // of view, upright
export const TALL = 1.75; // metres
const SHARE = 0.55, MOST = 0.9; // of the stage's height: a figure's, and that of all
const EDGE = 0.1, CLOSE = 0.9, WIDE = 1.15, SPACE = 0.8; // metres around a figure; between two: at least, at most, by the aspect
export const STEP = 3; // frames
const CALM = 10; // steps before and after that the camera's distance goes by
const LOW = 0.85;
const GOING = 2.5, GONE = 4; // metres that a figure goes away from the first: it counts less, and no more
export const VIEWS = { front: [0, 0.12], side: [Math.PI / 2, 0.12], above: [0, 1.45], start: [0.6, 0.2], row: [0.12, 0.18] };

/**
 * How much the camera minds each figure, for each frame, from 0 to 1: one that runs away from the first is let go, so that
 * those who stay are large.
 * @param {Float32Array[]} paths three numbers per frame
 * @returns {number[][]} for each figure
 */
export function shares(paths) {
  const smooth = paths.map((path) => smoothed(path)), frames = Math.max(...paths.map((path) => path.length / 3));
  const point = new Float32Array(3), first = new Float32Array(3);
  return smooth.map((path) => Array.from({ length: frames }, (_, frame) => {
    along(point, path, frame);
    along(first, smooth[0], frame);
    const [x, z] = [0, 2].map((n) => point[n] - path[n] - first[n] + smooth[0][n]);
    return Math.min(Math.max((GONE - Math.hypot(x, z)) / (GONE - GOING), 0), 1);
  }));
}

/**
 * The point to look at for each frame: the middle of the figures' smoothed paths.
 * @param {Float32Array[]} paths three numbers per frame; those that end sooner stay where they are
 * @param {number} [tall] metres of a figure
 * @param {number[][]} [minded] how much each counts, as `shares` says
 * @returns {Float32Array}
 */
export function targets(paths, tall = TALL, minded = shares(paths)) {
  const smooth = paths.map((path) => smoothed(path)), frames = Math.max(...paths.map((path) => path.length / 3));
  const out = new Float32Array(3 * frames), point = new Float32Array(3);
  for (let frame = 0; frame < frames; frame++) {
    const whole = minded.reduce((sum, share) => sum + share[frame], 0);
    smooth.forEach((path, number) => {
      const share = minded[number][frame] / whole;
      along(point, path, frame);
      out[3 * frame] += share * point[0];
      out[3 * frame + 1] += share * (Math.max(LOW, point[1] - 0.1) + (tall - TALL) / 2);
      out[3 * frame + 2] += share * point[2];
    });
  }
  return out;
}

/**
 * Where figures are, seen from what is looked at: for each step of `STEP` frames x, z and how far each reaches from there.
 * @param {Float32Array[]} paths
 * @param {number[][]} arms how far each reaches, in steps of `STEP` frames; the last holds
 * @param {Float32Array} target
 * @param {(number: number, frame: number) => boolean} [minded] whether the camera minds a path at a frame
 * @returns {number[][][]}
 */
export function around(paths, arms, target, minded = () => true) {
  const point = new Float32Array(3), steps = [];
  for (let frame = 0; frame < target.length / 3; frame += STEP) {
    const spots = paths.map((path, number) => {
      along(point, path, frame);
      const far = arms[number][Math.min(frame / STEP, arms[number].length - 1)];
      return [point[0] - target[3 * frame], point[2] - target[3 * frame + 2], far];
    });
    steps.push(spots.filter((_, number) => minded(number, frame)));
  }
  return steps;
}

/**
 * How far away the camera stands at a frame: farther only while some figure is far from the others. It is the moving mean
 * of the moving maximum over as many steps, which is smooth, and never nearer than the frame needs.
 * @param {number} frame may lie between two
 * @param {number} aspect width by height of the picture
 * @param {number[][][]} steps where figures are, as `around` says
 * @param {number} yaw of the camera, in radians
 * @param {number} pitch
 * @param {number} [tall] metres of a figure
 */
export function distanceAt(frame, aspect, steps, yaw, pitch, tall = TALL) {
  const last = steps.length - 1, within = (step) => Math.min(Math.max(step, 0), last);
  const step = within(frame / STEP), low = Math.floor(step), share = step - low, first = Math.max(low - 2 * CALM, 0);
  // Only the steps that count here: this is asked for each picture, and a motion may last a minute.
  const needed = steps.slice(first, low + 2 * CALM + 2).map((spots) => distance(aspect, spots, yaw, pitch, tall));
  const most = (step) => Math.max(...needed.slice(Math.max(step - CALM - first, 0), step + CALM + 1 - first));
  const mean = (step) => Array.from({ length: 2 * CALM + 1 }, (_, n) => most(within(step + n - CALM))).reduce((sum, far) => sum + far) / (2 * CALM + 1);
  return (1 - share) * mean(low) + share * mean(within(low + 1));
}

/**
 * How far away the camera stands: as near as it can while every figure stays in the picture.
 * @param {number} aspect width by height of the picture
 * @param {number[][]} spots where figures are: x, z and how far each reaches
 * @param {number} yaw of the camera, in radians
 * @param {number} pitch
 * @param {number} [tall] metres of a figure
 */
export function distance(aspect, spots, yaw, pitch, tall = TALL) {
  const tangent = Math.tan(FIELD / 2), [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  let away = tall / (2 * SHARE * tangent);
  for (const [x, z, far] of spots) {
    const near = x * sy + z * cy, across = (Math.abs(x * cy - z * sy) + ((EDGE + far) * tall) / TALL) / aspect;
    const upright = ((tall / 2) * cp + Math.abs(near) * sp) / MOST;
    away = Math.max(away, near * cp + Math.max(across, upright) / tangent);
  }
  return away;
}

/**
 * Where figures stand that are shown side by side: across the way that they go, so that none hides another; closer in a
 * narrow picture, so that they are large there.
 * @param {number} count
 * @param {number} aspect width by height of the picture
 * @param {number} [tall] metres of a figure
 * @returns {number[][]} x and z for each
 */
export function places(count, aspect, tall = TALL) {
  const space = Math.min(Math.max(SPACE * aspect, CLOSE), WIDE) * (tall / TALL);
  return Array.from({ length: count }, (_, number) => [space * (number - (count - 1) / 2), 0]);
}

/**
 * The frame of a time, for targets.
 * @param {number} seconds
 */
export const frameAt = (seconds) => seconds * FPS;
