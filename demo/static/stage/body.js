// The shape of a body, as it comes from the server: a surface and how it hangs on 24 joints.

/**
 * @typedef {object} Body
 * @property {Float32Array} rest joints × 3, where each joint is at rest
 * @property {Float32Array} offsets joints × 3, each joint from its parent at rest
 * @property {Float32Array} vertices vertices × 3, metres
 * @property {Int8Array} normals vertices × 4, the last is empty
 * @property {Uint8Array} joints vertices × 4
 * @property {Uint8Array} weights vertices × 4, of 255
 * @property {Uint16Array} faces three corners each
 */

export const PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21];
const HEADER = 12, REACH = 2; // metres that the largest whole number stands for

/** @type {Map<string, Promise<Body>>} */
const loaded = new Map();

/**
 * A body by its address, loaded once.
 * @param {string} address
 */
export function load(address) {
  let body = loaded.get(address);
  if (!body) {
    body = fetch(address).then(async (answer) => {
      if (!answer.ok) throw new Error(`the figure could not be loaded (${answer.status})`);
      return decodeBody(await answer.arrayBuffer());
    });
    body.catch(() => loaded.delete(address));
    loaded.set(address, body);
  }
  return body;
}

/**
 * A body from its bytes: "MCB1", vertices, corners; joints at rest; positions, normals, joints, weights; corners.
 * @param {ArrayBuffer} buffer
 * @returns {Body}
 */
export function decodeBody(buffer) {
  const view = new DataView(buffer);
  if (String.fromCharCode(...new Uint8Array(buffer, 0, 4)) !== "MCB1") throw new Error("this is no body of the stage's format");
  const count = view.getUint32(4, true), corners = view.getUint32(8, true);
  let place = HEADER;
  const next = (bytes) => buffer.slice(place, (place += bytes));
  const rest = new Float32Array(next(12 * PARENTS.length));
  const vertices = Float32Array.from(new Int16Array(next(6 * count)), (whole) => (REACH * whole) / 32767);
  const normals = new Int8Array(next(4 * count));
  const joints = new Uint8Array(next(4 * count)), weights = new Uint8Array(next(4 * count));
  const faces = new Uint16Array(next(2 * corners));
  return { rest, offsets: offsetsOf(rest), vertices, normals, joints, weights, faces };
}

/**
 * Each joint from its parent.
 * @param {ArrayLike<number>} rest joints × 3
 */
export function offsetsOf(rest) {
  return Float32Array.from({ length: rest.length }, (_, n) => {
    const parent = PARENTS[Math.floor(n / 3)];
    return parent < 0 ? 0 : rest[n] - rest[3 * parent + (n % 3)];
  });
}
