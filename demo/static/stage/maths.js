// Rotations as quaternions (x, y, z, w) in flat arrays, joint positions, and smoothing. Knows nothing of drawing.

/**
 * The shortest arc from one rotation to another.
 * @param {Float32Array} out where to write, from place `o`
 * @param {number} o
 * @param {Float32Array} a a quaternion lies at place `i`
 * @param {number} i
 * @param {Float32Array} b a quaternion lies at place `j`
 * @param {number} j
 * @param {number} share 0 gives a, 1 gives b
 */
export function slerp(out, o, a, i, b, j, share) {
  let cosine = a[i] * b[j] + a[i + 1] * b[j + 1] + a[i + 2] * b[j + 2] + a[i + 3] * b[j + 3];
  const sign = cosine < 0 ? -1 : 1;
  cosine *= sign;
  let from = 1 - share, to = share;
  if (cosine < 0.9995) {
    const angle = Math.acos(cosine), sine = Math.sin(angle);
    from = Math.sin(from * angle) / sine;
    to = Math.sin(to * angle) / sine;
  }
  to *= sign;
  let length = 0;
  for (let n = 0; n < 4; n++) {
    out[o + n] = from * a[i + n] + to * b[j + n];
    length += out[o + n] ** 2;
  }
  length = Math.sqrt(length) || 1;
  for (let n = 0; n < 4; n++) out[o + n] /= length;
}

/**
 * Where the joints are.
 * @param {number[]} parents of each joint; -1 for the first
 * @param {ArrayLike<number>} offsets of each joint from its parent at rest, three numbers each
 * @param {Float32Array} rotations four numbers a joint, relative to its parent
 * @param {Float32Array} root position of the first joint
 * @param {Float32Array} positions written: three numbers a joint
 * @param {Float32Array} turned written: each joint's rotation to the world
 */
export function placeJoints(parents, offsets, rotations, root, positions, turned) {
  for (let joint = 0; joint < parents.length; joint++) {
    const parent = parents[joint], q = 4 * joint, p = 3 * joint;
    if (parent < 0) {
      for (let n = 0; n < 4; n++) turned[q + n] = rotations[q + n];
      for (let n = 0; n < 3; n++) positions[p + n] = root[n];
      continue;
    }
    multiply(turned, q, turned, 4 * parent, rotations, q);
    turn(positions, p, turned, 4 * parent, offsets[p], offsets[p + 1], offsets[p + 2]);
    for (let n = 0; n < 3; n++) positions[p + n] += positions[3 * parent + n];
  }
}

/** The product of two rotations: first b, then a. The arguments are those of slerp. */
function multiply(out, o, a, i, b, j) {
  const ax = a[i], ay = a[i + 1], az = a[i + 2], aw = a[i + 3];
  const bx = b[j], by = b[j + 1], bz = b[j + 2], bw = b[j + 3];
  out[o] = aw * bx + ax * bw + ay * bz - az * by;
  out[o + 1] = aw * by - ax * bz + ay * bw + az * bx;
  out[o + 2] = aw * bz + ax * by - ay * bx + az * bw;
  out[o + 3] = aw * bw - ax * bx - ay * by - az * bz;
}

/**
 * A vector turned by a rotation.
 * @param {Float32Array} out
 * @param {number} o
 * @param {Float32Array} q
 * @param {number} i
 * @param {number} x
 * @param {number} y
 * @param {number} z
 */
export function turn(out, o, q, i, x, y, z) {
  const a = q[i], b = q[i + 1], c = q[i + 2], w = q[i + 3];
  const u = 2 * (b * z - c * y), v = 2 * (c * x - a * z), t = 2 * (a * y - b * x);
  out[o] = x + w * u + b * t - c * v;
  out[o + 1] = y + w * v + c * u - a * t;
  out[o + 2] = z + w * t + a * v - b * u;
}

/**
 * A path without the shaking of single steps: weighted means over neighbouring frames.
 * @param {Float32Array} path three numbers per frame
 * @param {number} reach frames on either side that count
 * @returns {Float32Array}
 */
export function smoothed(path, reach = 15) {
  const frames = path.length / 3, out = new Float32Array(path.length);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, n) => 0.5 + 0.5 * Math.cos((Math.PI * (n - reach)) / (reach + 1)));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  for (let frame = 0; frame < frames; frame++) {
    for (let n = -reach; n <= reach; n++) {
      const other = Math.min(Math.max(frame + n, 0), frames - 1), weight = weights[n + reach] / whole;
      for (let axis = 0; axis < 3; axis++) out[3 * frame + axis] += weight * path[3 * other + axis];
    }
  }
  return out;
}

/**
 * Between the frames of a path.
 * @param {Float32Array} out three numbers
 * @param {Float32Array} path three numbers per frame
 * @param {number} frame may lie between two
 */
export function along(out, path, frame) {
  const last = path.length / 3 - 1, low = Math.min(Math.max(Math.floor(frame), 0), last), high = Math.min(low + 1, last);
  const share = Math.min(Math.max(frame - low, 0), 1);
  for (let n = 0; n < 3; n++) out[n] = path[3 * low + n] + share * (path[3 * high + n] - path[3 * low + n]);
}

/**
 * A value on its way to another, the same for any rate of frames.
 * @param {number} value
 * @param {number} target
 * @param {number} rate how many times per second the gap shrinks to a third
 * @param {number} seconds since the last call
 */
export const eased = (value, target, rate, seconds) => target + (value - target) * Math.exp(-rate * seconds);
