// The skeleton on a plain canvas: for browsers without WebGL, and for small pictures that need no more.
import { FIELD, VIEWS, distanceAt } from "./camera.js";
import { POINTS, placePoints } from "./bones.js";

const DAY = { sky: "#f1eee8", line: "#d5cfc4", shadow: "rgba(60, 50, 40, .16)" };
const NIGHT = { sky: "#14161b", line: "#333945", shadow: "rgba(0, 0, 0, .5)" };

/** Drawn like a View is: it has the same camera, and takes poses. */
export class FlatView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {ArrayLike<number>} offsets of the joints at rest
   * @param {any[]} limbs
   */
  constructor(canvas, offsets, limbs) {
    this.canvas = canvas;
    this.offsets = offsets;
    this.limbs = limbs;
    this.paint = canvas.getContext("2d");
    this.points = new Float32Array(3 * POINTS);
    /** @type {ArrayLike<number>} */
    this.target = [0, 0.95, 0];
    this.yaw = VIEWS.start[0];
    this.pitch = VIEWS.start[1];
    this.zoom = 1;
    /** @type {number[][][]} */
    this.steps = [[]];
    this.moment = 0;
    this.away = 0;
    this.dark = false;
    this.clear = false;
    /** @type {number[][]} where each figure stands, as shares of width and height */
    this.feet = [];
    this.width = this.height = this.aspect = this.ratio = 1;
  }

  resize(width, height, ratio) {
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    Object.assign(this, { width, height, ratio, aspect: width / Math.max(height, 1) });
  }

  frame(steps) {
    this.steps = steps;
  }

  look(name) {
    this.yaw = VIEWS[name][0];
    this.pitch = VIEWS[name][1];
    this.zoom = 1;
  }

  orbit(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.min(Math.max(this.pitch + pitch, -0.05), 1.5);
  }

  /**
   * @param {{rotations: Float32Array, root: Float32Array}[]} poses
   * @param {number[][]} places x and z of each
   */
  draw(poses, places) {
    const { paint, width, height } = this, colours = this.dark ? NIGHT : DAY;
    this.away = this.zoom * distanceAt(this.moment, this.aspect, this.steps, this.yaw, this.pitch);
    paint.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    paint.clearRect(0, 0, width, height);
    if (!this.clear) {
      paint.fillStyle = colours.sky;
      paint.fillRect(0, 0, width, height);
      this.#grid(colours.line);
    }
    paint.lineCap = "round";
    this.feet = poses.map(({ root }, number) => {
      const [x, y] = this.#project(root[0] + places[number][0], 0, root[2] + places[number][1]);
      return [x / width, y / height];
    });
    this.spans = poses.map((pose, number) => this.#figure(pose, places[number], colours.shadow));
  }

  #project(x, y, z) {
    const cy = Math.cos(this.yaw), sy = Math.sin(this.yaw), cp = Math.cos(this.pitch), sp = Math.sin(this.pitch);
    const dx = x - this.target[0], dy = y - this.target[1], dz = z - this.target[2];
    const depth = Math.max(0.2, this.away - (dx * sy * cp + dy * sp + dz * cy * cp));
    const scale = this.height / (2 * Math.tan(FIELD / 2) * depth);
    return [this.width / 2 + scale * (dx * cy - dz * sy), this.height / 2 - scale * (dy * cp - sp * (dx * sy + dz * cy)), scale];
  }

  #line(a, b, wide, colour) {
    this.paint.lineWidth = wide;
    this.paint.strokeStyle = colour;
    this.paint.beginPath();
    this.paint.moveTo(a[0], a[1]);
    this.paint.lineTo(b[0], b[1]);
    this.paint.stroke();
  }

  #grid(colour) {
    const x = this.target[0], z = this.target[2], reach = 3;
    for (let step = -6; step <= 6; step++) {
      const gx = (Math.round(2 * x) + step) / 2, gz = (Math.round(2 * z) + step) / 2;
      this.#line(this.#project(gx, 0, z - reach), this.#project(gx, 0, z + reach), 1, colour);
      this.#line(this.#project(x - reach, 0, gz), this.#project(x + reach, 0, gz), 1, colour);
    }
  }

  #figure(pose, place, shadow) {
    const [x, z] = place;
    placePoints(this.offsets, pose, this.points);
    const at = (point) => [this.points[3 * point] + x, this.points[3 * point + 1], this.points[3 * point + 2] + z];
    for (const [a, b, radius] of this.limbs) {
      const p = at(a), q = at(b), from = this.#project(p[0], 0, p[2]);
      this.#line(from, this.#project(q[0], 0, q[2]), 1.2 * radius * from[2], shadow);
    }
    let top = Infinity, bottom = -Infinity;
    this.limbs
      .map(([a, b, radius, colour]) => [this.#project(...at(a)), this.#project(...at(b)), radius, colour])
      .sort((one, two) => one[0][2] + one[1][2] - two[0][2] - two[1][2])
      .forEach(([a, b, radius, colour]) => {
        const thick = 0.85 * radius * (a[2] + b[2]);
        this.#line(a, b, thick + 2, `rgb(${colour.map((part) => 0.55 * part)})`);
        this.#line(a, b, thick, `rgb(${colour})`);
        top = Math.min(top, a[1], b[1]);
        bottom = Math.max(bottom, a[1], b[1]);
      });
    return [top / this.height, bottom / this.height];
  }
}
