// What the stage shows, in 3D: figures on a floor, seen by a camera that goes along.
import * as three from "../vendor/three.js";
import { FIELD, TALL, VIEWS, distanceAt } from "./camera.js";
import { Figure } from "./figure.js";
import { Floor } from "./floor.js";
import { eased } from "./maths.js";

export const LIGHT = { sky: 0xf1eee8, ground: 0xe7e2d9, line: 0xc9c1b3, wood: 0xb5713a, path: 0xb45309 };
export const DARK = { sky: 0x14161b, ground: 0x1d2027, line: 0x3a404c, wood: 0xc98a50, path: 0xfb923c };
const TINTS = [0xb5713a, 0x3f7f9c, 0x6b8f4e, 0x8e5a8b];
const TURNS = 6; // a second, when the camera goes to another view

let software = null;
/** Whether this browser draws without a graphics card: then fewer pixels and frames leave it time for all else. */
export function drawsInSoftware() {
  if (software !== null) return software;
  const gl = document.createElement("canvas").getContext("webgl2");
  const told = gl?.getExtension("WEBGL_debug_renderer_info");
  software = /swiftshader|llvmpipe|software|basic render/i.test(told ? gl.getParameter(told.UNMASKED_RENDERER_WEBGL) : "");
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return software;
}

export class View {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./body.js").Body} body
   * @param {any[]} limbs
   */
  constructor(canvas, body, limbs) {
    this.renderer = new three.WebGLRenderer({ canvas, antialias: !drawsInSoftware(), powerPreference: "high-performance", preserveDrawingBuffer: false });
    this.wooden = this.body = body;
    this.limbs = limbs;
    this.scene = new three.Scene();
    this.camera = new three.PerspectiveCamera((FIELD * 180) / Math.PI, 1, 0.05, 120);
    this.floor = new Floor();
    this.scene.add(this.floor.mesh);
    this.sky = new three.HemisphereLight(0xffffff, 0xa89b8c, 1.5);
    const sun = new three.DirectionalLight(0xfff4e6, 2.4), rim = new three.DirectionalLight(0xcfe2ff, 1.1);
    sun.position.set(2, 5, 4);
    rim.position.set(-3, 3, -4);
    this.scene.add(this.sky, sun, rim);
    this.marks = new three.Group();
    this.scene.add(this.marks);
    /** @type {Figure[]} */
    this.figures = [];
    /** @type {Figure[]} */
    this.ghosts = [];
    /** @type {any[]} */
    this.characters = [];
    this.target = new three.Vector3(0, 0.95, 0);
    this.yaw = VIEWS.start[0];
    this.pitch = VIEWS.start[1];
    this.zoom = 1;
    /** @type {number[][][]} */
    this.steps = [[]];
    /** The frame by which the camera's distance goes. */
    this.moment = 0;
    this.tall = TALL;
    this.goal = null;
    this.bony = false;
    this.colours = LIGHT;
    this.aspect = 1;
  }

  /** Which surface figures and ghosts have; null for wood. @param {import("./body.js").Body | null} surface */
  shape(surface) {
    const body = surface ?? this.wooden;
    if (body === this.body) return;
    this.body = body;
    while (this.figures.length) this.#drop(this.figures);
    this.haunt(0);
  }

  /** How many figures there are, made or let go as needed. */
  populate(count, together) {
    while (this.figures.length > count) this.#drop(this.figures);
    while (this.figures.length < count) this.#add(this.figures, {});
    this.figures.forEach((figure, number) => {
      figure.paint(number ? TINTS[number % TINTS.length] : this.colours.wood, together && number ? 0.55 : 1);
      figure.bony = this.bony;
    });
  }

  /** Show characters in place of the figures, whose shadows stay; none takes it back. */
  cast(characters) {
    this.scene.remove(...this.characters.map(({ group }) => group));
    this.characters = characters;
    characters.forEach(({ group }, number) => {
      this.scene.add(group);
      this.figures[number].bare();
    });
  }

  /** Pale copies, for the poses before and after. */
  haunt(count) {
    while (this.ghosts.length > count) this.#drop(this.ghosts);
    while (this.ghosts.length < count) this.#add(this.ghosts, { ghost: true });
    for (const ghost of this.ghosts) {
      ghost.bony = this.bony;
      ghost.material.color.setHex(this.colours.wood);
    }
  }

  #add(list, how) {
    const figure = new Figure(this.body, this.limbs, how);
    list.push(figure);
    this.scene.add(figure.group);
  }

  #drop(list) {
    const figure = list.pop();
    this.scene.remove(figure.group);
    figure.dispose();
  }

  /** Light or dark. */
  dress(dark) {
    this.colours = dark ? DARK : LIGHT;
    this.floor.paint(this.colours);
    this.scene.background = new three.Color(this.colours.sky);
    this.sky.intensity = dark ? 1.1 : 1.6;
    if (this.figures.length) this.figures[0].paint(this.colours.wood);
  }

  /**
   * Lines and prints on the floor.
   * @param {Float32Array[]} paths of the pelvises, placed
   * @param {{x: number, z: number, yaw: number, left: boolean}[]} prints
   */
  mark(paths, prints) {
    for (const child of [...this.marks.children]) {
      this.marks.remove(child);
      child.geometry.dispose();
      child.material.dispose();
    }
    for (const path of paths) {
      const flat = path.map((value, n) => (n % 3 === 1 ? 0.012 : value));
      const geometry = new three.BufferGeometry().setAttribute("position", new three.BufferAttribute(flat, 3));
      this.marks.add(new three.Line(geometry, new three.LineBasicMaterial({ color: this.colours.path })));
    }
    if (!prints.length) return;
    const shape = new three.CircleGeometry(1, 20).rotateX(-Math.PI / 2);
    const soles = new three.InstancedMesh(shape, new three.MeshBasicMaterial({ transparent: true, opacity: 0.55, depthWrite: false }), prints.length);
    soles.frustumCulled = false;
    const spot = new three.Object3D(), colour = new three.Color();
    prints.forEach((print, number) => {
      spot.position.set(print.x, 0.01, print.z);
      spot.rotation.y = print.yaw;
      spot.scale.set(0.045, 1, 0.125);
      spot.updateMatrix();
      soles.setMatrixAt(number, spot.matrix);
      soles.setColorAt(number, colour.setHex(print.left ? 0x2081e2 : 0x22a07a));
    });
    this.marks.add(soles);
  }

  /**
   * @param {number} width in CSS pixels
   * @param {number} height
   * @param {number} ratio device pixels for each
   */
  resize(width, height, ratio) {
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.aspect = width / Math.max(height, 1);
    this.camera.aspect = this.aspect;
    this.camera.updateProjectionMatrix();
  }

  /**
   * Stand so that figures fill the picture well.
   * @param {number[][][]} steps where they are, seen from the target
   * @param {number} tall metres of a figure
   */
  frame(steps, tall) {
    Object.assign(this, { steps, tall });
  }

  /** Look from a named side, moving there. */
  look(name) {
    const [yaw, pitch] = VIEWS[name];
    const whole = 2 * Math.PI, turns = Math.round((this.yaw - yaw) / whole);
    this.goal = [yaw + whole * turns, pitch];
    this.zoom = 1;
  }

  /** Turn by so much, in radians. */
  orbit(yaw, pitch) {
    this.goal = null;
    this.yaw += yaw;
    this.pitch = Math.min(Math.max(this.pitch + pitch, -0.05), 1.5);
  }

  /**
   * Let the camera move on.
   * @param {number} seconds
   * @returns {boolean} whether it moved
   */
  advance(seconds) {
    if (!this.goal) return false;
    this.yaw = eased(this.yaw, this.goal[0], TURNS, seconds);
    this.pitch = eased(this.pitch, this.goal[1], TURNS, seconds);
    if (Math.abs(this.goal[0] - this.yaw) + Math.abs(this.goal[1] - this.pitch) < 1e-3) this.goal = null;
    return true;
  }

  draw() {
    const far = this.zoom * distanceAt(this.moment, this.aspect, this.steps, this.yaw, this.pitch, this.tall), level = far * Math.cos(this.pitch);
    this.camera.position.set(
      this.target.x + level * Math.sin(this.yaw),
      Math.max(this.target.y + far * Math.sin(this.pitch), 0.06),
      this.target.z + level * Math.cos(this.yaw),
    );
    this.camera.lookAt(this.target);
    this.camera.updateMatrixWorld();
    this.floor.follow(this.target.x, this.target.z, Math.max(4, far * 1.1));
    this.renderer.render(this.scene, this.camera);
  }

  dispose() {
    while (this.figures.length) this.#drop(this.figures);
    this.haunt(0);
    this.mark([], []);
    this.renderer.dispose();
  }
}
