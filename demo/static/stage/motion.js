// Motions as they come from the server: rotations and a path, quantised; sampled at any time and mixed with each other.
import { slerp } from "./maths.js";

export const FPS = 30, JOINTS = 24;
const HEADER = 8;

/**
 * @typedef {object} Motion
 * @property {number} frames
 * @property {Float32Array} rotations frames × 24 × 4, each joint relative to its parent
 * @property {Float32Array} path frames × 3, the pelvis, metres
 */

/**
 * A motion from its bytes: "MCM1", frames, joints; then 4 × int16 for each rotation, frame by frame; then the path as
 * 3 × float32 for each frame.
 * @param {ArrayBuffer} buffer
 * @returns {Motion}
 */
export function decode(buffer) {
  const view = new DataView(buffer);
  const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  const frames = view.getUint16(4, true), joints = view.getUint16(6, true);
  const count = 4 * frames * joints;
  if (magic !== "MCM1" || joints !== JOINTS || buffer.byteLength !== HEADER + 2 * count + 12 * frames) {
    throw new Error("this is no motion of the stage's format");
  }
  const whole = new Int16Array(buffer, HEADER, count), rotations = new Float32Array(count);
  for (let n = 0; n < count; n++) rotations[n] = whole[n] / 32767;
  for (let n = 0; n < count; n += 4) {
    const length = Math.hypot(rotations[n], rotations[n + 1], rotations[n + 2], rotations[n + 3]) || 1;
    for (let part = 0; part < 4; part++) rotations[n + part] /= length;
  }
  return { frames, rotations, path: new Float32Array(buffer.slice(HEADER + 2 * count)) };
}

/**
 * @param {string} text a motion's bytes in base64
 * @returns {Motion}
 */
export function fromText(text) {
  return decode(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

/**
 * A pose: 24 rotations and where the pelvis is; a character's has others.
 * @param {number} turns how many rotations
 * @param {number} goes how many places
 */
export function newPose(turns = JOINTS, goes = 1) {
  return { rotations: new Float32Array(4 * turns), root: new Float32Array(3 * goes) };
}

/**
 * The pose at a frame, which may lie between two. Before the first and after the last, those hold.
 * @param {{frames: number, rotations: Float32Array, path: Float32Array}} motion
 * @param {number} frame
 * @param {{rotations: Float32Array, root: Float32Array}} pose written
 */
export function sample(motion, frame, pose) {
  const last = motion.frames - 1, at = Math.min(Math.max(frame, 0), last);
  const low = Math.floor(at), high = Math.min(low + 1, last), share = at - low;
  const turned = pose.rotations.length, gone = pose.root.length;
  for (let place = 0; place < turned; place += 4) {
    slerp(pose.rotations, place, motion.rotations, turned * low + place, motion.rotations, turned * high + place, share);
  }
  for (let n = 0; n < gone; n++) {
    const a = motion.path[gone * low + n];
    pose.root[n] = a + share * (motion.path[gone * high + n] - a);
  }
}

/** @type {WeakMap<object, any>} what a mix is made of, for each pose */
const others = new WeakMap();

/**
 * The pose between several motions that lie along a line: rotations by the shortest arc, the path straight.
 * @param {{frames: number, rotations: Float32Array, path: Float32Array}[]} motions
 * @param {number[]} at where each lies, rising
 * @param {number} value where to look
 * @param {number} frame
 * @param {{rotations: Float32Array, root: Float32Array}} pose written
 */
export function mix(motions, at, value, frame, pose) {
  let high = at.findIndex((place) => place >= value);
  if (high < 0) high = at.length - 1;
  const low = Math.max(high - 1, 0), gap = at[high] - at[low];
  sample(motions[low], frame, pose);
  const share = gap > 0 ? Math.min(Math.max((value - at[low]) / gap, 0), 1) : 0;
  if (share === 0) return;
  if (!others.has(pose)) others.set(pose, newPose(pose.rotations.length / 4, pose.root.length / 3));
  const other = others.get(pose);
  sample(motions[high], frame, other);
  for (let place = 0; place < pose.rotations.length; place += 4) {
    slerp(pose.rotations, place, pose.rotations, place, other.rotations, place, share);
  }
  for (let n = 0; n < pose.root.length; n++) pose.root[n] += share * (other.root[n] - pose.root[n]);
}
