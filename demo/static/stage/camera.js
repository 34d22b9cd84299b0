// Where the camera looks and from how far, so that figures stay in the picture at a good size.
import { FPS } from "./motion.js";
import { along, smoothed } from "./maths.js";

export const FIELD = (32 * Math.PI) / 180; // of view, upright
export const TALL = 1.75; // metres
const SHARE = 0.55, WIDE = 1.3, SPACE = 1.15; // share of the stage's height; metres
const LOW = 0.85;
export const VIEWS = { front: [0, 0.12], side: [Math.PI / 2, 0.12], above: [0, 1.45], start: [0.6, 0.2], row: [0.12, 0.18] };

/**
 * The point to look at for each frame: the middle of the figures' smoothed paths.
 * @param {Float32Array[]} paths three numbers per frame; those that end sooner stay where they are
 * @param {number} [tall] metres of a figure
 * @returns {Float32Array}
 */
export function targets(paths, tall = TALL) {
  const smooth = paths.map((path) => smoothed(path)), frames = Math.max(...paths.map((path) => path.length / 3));
  const out = new Float32Array(3 * frames), point = new Float32Array(3);
  for (let frame = 0; frame < frames; frame++) {
    for (const path of smooth) {
      along(point, path, frame);
      out[3 * frame] += point[0] / paths.length;
      out[3 * frame + 1] += (Math.max(LOW, point[1] - 0.1) + (tall - TALL) / 2) / paths.length;
      out[3 * frame + 2] += point[2] / paths.length;
    }
  }
  return out;
}

/**
 * How far the figures are from what is looked at, at most, on the ground, in metres.
 * @param {Float32Array[]} paths
 * @param {Float32Array} target
 */
export function reach(paths, target) {
  let most = 0;
  const point = new Float32Array(3);
  for (let frame = 0; frame < target.length / 3; frame += 3) {
    for (const path of paths) {
      along(point, path, frame);
      most = Math.max(most, Math.hypot(point[0] - target[3 * frame], point[2] - target[3 * frame + 2]));
    }
  }
  return most;
}

/**
 * How far away the camera stands.
 * @param {number} aspect width by height of the picture
 * @param {number} count of figures side by side
 * @param {number} spread how far they go from the middle, in metres
 * @param {number} [tall] metres of a figure
 */
export function distance(aspect, count, spread, tall = TALL) {
  const tangent = Math.tan(FIELD / 2);
  const upright = tall / (2 * SHARE * tangent);
  const across = ((WIDE + SPACE * (count - 1)) * (tall / TALL) + 1.4 * spread) / (2 * tangent * aspect);
  return Math.max(upright, across);
}

/**
 * Where figures stand that are shown side by side: across the way that they go, so that none hides another.
 * @param {number} count
 * @param {number} [tall] metres of a figure
 * @returns {number[][]} x and z for each
 */
export function places(count, tall = TALL) {
  return Array.from({ length: count }, (_, number) => [SPACE * (tall / TALL) * (number - (count - 1) / 2), 0]);
}

/**
 * The frame of a time, for targets.
 * @param {number} seconds
 */
export const frameAt = (seconds) => seconds * FPS;
