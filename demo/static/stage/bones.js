// The skeleton that is drawn: limbs between joints, with the tips of head, hands and toes.
import { PARENTS } from "./body.js";
import { placeJoints } from "./maths.js";

export const TIPS = [[15, 12, 0.17], [20, 18, 0.12], [21, 19, 0.12], [10, 7, 0.06], [11, 8, 0.06]]; // joint, before, metres
export const POINTS = PARENTS.length + TIPS.length;
const turned = new Float32Array(4 * PARENTS.length);

/**
 * Where the joints and the tips are.
 * @param {ArrayLike<number>} offsets of the body's joints
 * @param {{rotations: Float32Array, root: Float32Array}} pose
 * @param {Float32Array} points written: 29 × 3
 */
export function placePoints(offsets, pose, points) {
  placeJoints(PARENTS, offsets, pose.rotations, pose.root, points, turned);
  TIPS.forEach(([joint, before, length], number) => {
    const a = 3 * joint, b = 3 * before, to = 3 * (PARENTS.length + number);
    const x = points[a] - points[b], y = points[a + 1] - points[b + 1], z = points[a + 2] - points[b + 2];
    const share = length / (Math.hypot(x, y, z) || 1);
    points[to] = points[a] + share * x;
    points[to + 1] = points[a + 1] + share * y;
    points[to + 2] = points[a + 2] + share * z;
  });
}

/** Only the positions of the joints, for each frame of a motion: frames × 24 × 3. */
export function trackJoints(offsets, motion, pose, sample) {
  const width = 3 * PARENTS.length, out = new Float32Array(motion.frames * width), points = new Float32Array(3 * POINTS);
  for (let frame = 0; frame < motion.frames; frame++) {
    sample(motion, frame, pose);
    placePoints(offsets, pose, points);
    out.set(points.subarray(0, width), frame * width);
  }
  return out;
}

/**
 * How far a body reaches over the floor from its pelvis, in metres, for each frame from the first in steps.
 * @param {ArrayLike<number>} offsets
 * @param {import("./motion.js").Motion} motion
 * @param {any} pose written
 * @param {(motion: any, frame: number, pose: any) => void} sample
 * @param {number} step frames
 * @returns {number[]}
 */
export function reaches(offsets, motion, pose, sample, step) {
  const points = new Float32Array(3 * POINTS), found = [];
  for (let frame = 0; frame < motion.frames; frame += step) {
    sample(motion, frame, pose);
    placePoints(offsets, pose, points);
    let most = 0;
    for (let n = 0; n < points.length; n += 3) most = Math.max(most, Math.hypot(points[n] - points[0], points[n + 2] - points[2]));
    found.push(most);
  }
  return found;
}

const FEET = [[10, 7], [11, 8]], LOW = 0.065, SLOW = 0.016, LEAST = 3; // metres, metres per frame, frames

/**
 * Where feet stand: x, z, and the direction of the foot, for each stretch in which one rests on the floor.
 * @param {Float32Array} tracks frames × 24 × 3
 * @returns {{x: number, z: number, yaw: number, left: boolean, frame: number}[]}
 */
export function footprints(tracks) {
  const width = 3 * PARENTS.length, frames = tracks.length / width, found = [];
  for (const [ball, ankle] of FEET) {
    let began = -1;
    for (let frame = 1; frame <= frames; frame++) {
      const here = frame * width + 3 * ball, before = here - width;
      const stands = frame < frames && tracks[here + 1] < LOW &&
        Math.hypot(tracks[here] - tracks[before], tracks[here + 2] - tracks[before + 2]) < SLOW;
      if (stands && began < 0) began = frame;
      if (!stands && began >= 0) {
        if (frame - began >= LEAST) {
          const middle = Math.floor((began + frame) / 2) * width, to = middle + 3 * ball, from = middle + 3 * ankle;
          const dx = tracks[to] - tracks[from], dz = tracks[to + 2] - tracks[from + 2];
          found.push({ x: tracks[to] - 0.2 * dx, z: tracks[to + 2] - 0.2 * dz, yaw: Math.atan2(dx, dz), left: ball === 10, frame: began });
        }
        began = -1;
      }
    }
  }
  return found;
}
