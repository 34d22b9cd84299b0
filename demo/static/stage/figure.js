// One body on the stage: a skinned surface, or the skeleton, and its shadow on the floor.
import * as three from "../vendor/three.js";
import { PARENTS } from "./body.js";
import { POINTS, placePoints } from "./bones.js";

const SHADOWED = [[0, 0.26], [6, 0.26], [9, 0.26], [15, 0.16], [4, 0.14], [5, 0.14], [7, 0.12], [8, 0.12], [10, 0.13], [11, 0.13], [27, 0.1], [28, 0.1], [18, 0.1], [19, 0.1], [22, 0.1], [23, 0.1], [1, 0.18], [2, 0.18]];
const geometries = new WeakMap();
const up = new three.Vector3(0, 1, 0);
const from = new three.Vector3(), to = new three.Vector3(), along = new three.Vector3();
const matrix = new three.Matrix4(), quaternion = new three.Quaternion(), size = new three.Vector3(), level = new three.Quaternion();

function surface(body) {
  let geometry = geometries.get(body);
  if (!geometry) {
    geometry = new three.BufferGeometry();
    geometry.setAttribute("position", new three.BufferAttribute(body.vertices, 3));
    geometry.setAttribute("normal", new three.BufferAttribute(body.normals, 4, true));
    geometry.setAttribute("skinIndex", new three.BufferAttribute(body.joints, 4));
    geometry.setAttribute("skinWeight", new three.BufferAttribute(body.weights, 4, true));
    geometry.setIndex(new three.BufferAttribute(body.faces, 1));
    geometries.set(body, geometry);
  }
  return geometry;
}

let blot = null;
/** A soft round spot, for shadows. */
function softSpot() {
  if (blot) return blot;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const paint = canvas.getContext("2d"), fade = paint.createRadialGradient(32, 32, 0, 32, 32, 32);
  for (const [stop, strength] of [[0, 0.55], [0.35, 0.4], [0.7, 0.12], [1, 0]]) fade.addColorStop(stop, `rgba(0,0,0,${strength})`);
  paint.fillStyle = fade;
  paint.fillRect(0, 0, 64, 64);
  return (blot = new three.CanvasTexture(canvas));
}

/** How a skeleton's limbs look: [from, to, radius, [red, green, blue]] each. */
export class Figure {
  /**
   * @param {import("./body.js").Body} body
   * @param {[number, number, number, number[]][]} limbs
   * @param {{ghost?: boolean}} how a ghost is pale, and throws no shadow
   */
  constructor(body, limbs, { ghost = false } = {}) {
    this.body = body;
    this.limbs = limbs;
    this.ghost = ghost;
    this.points = new Float32Array(3 * POINTS);
    this.group = new three.Group();
    this.bones = PARENTS.map((parent, joint) => {
      const bone = new three.Bone();
      bone.position.fromArray(body.offsets, 3 * joint);
      return bone;
    });
    this.bones.forEach((bone, joint) => {
      if (joint) this.bones[PARENTS[joint]].add(bone);
    });
    const inverses = PARENTS.map((_, joint) => new three.Matrix4().makeTranslation(...[0, 1, 2].map((n) => -body.rest[3 * joint + n])));
    this.material = new three.MeshStandardMaterial({ color: 0xb5713a, roughness: 0.55, metalness: 0, transparent: ghost, opacity: ghost ? 0.25 : 1, depthWrite: !ghost });
    this.mesh = new three.SkinnedMesh(surface(body), this.material);
    this.mesh.frustumCulled = false;
    this.mesh.add(this.bones[0]);
    this.mesh.bind(new three.Skeleton(this.bones, inverses), new three.Matrix4());
    this.group.add(this.mesh);
    this.skeleton = null;
    this.shadow = ghost ? null : this.#shadow();
    if (this.shadow) this.group.add(this.shadow);
  }

  #shadow() {
    const geometry = new three.PlaneGeometry(2, 2).rotateX(-Math.PI / 2);
    const material = new three.MeshBasicMaterial({ map: softSpot(), color: 0x000000, transparent: true, depthWrite: false, opacity: 0.5 });
    const shadow = new three.InstancedMesh(geometry, material, SHADOWED.length);
    shadow.frustumCulled = false;
    shadow.renderOrder = 1;
    return shadow;
  }

  /** Draw the skeleton in place of the surface, or the other way. */
  set bony(bony) {
    if (bony && !this.skeleton) this.skeleton = this.#skeleton();
    this.mesh.visible = !bony;
    if (this.skeleton) this.skeleton.visible = bony;
  }

  /** Draw nothing but the shadow. */
  bare() {
    this.mesh.visible = false;
    if (this.skeleton) this.skeleton.visible = false;
  }

  #skeleton() {
    const look = { roughness: 0.5, metalness: 0, transparent: this.ghost, opacity: this.ghost ? 0.3 : 1 };
    const group = new three.Group(), count = this.limbs.length;
    this.rods = new three.InstancedMesh(new three.CylinderGeometry(1, 1, 1, 14, 1), new three.MeshStandardMaterial(look), count);
    this.knobs = new three.InstancedMesh(new three.SphereGeometry(1, 14, 10), new three.MeshStandardMaterial(look), 2 * count);
    const colour = new three.Color();
    this.limbs.forEach(([, , , rgb], number) => {
      colour.setRGB(rgb[0] / 255, rgb[1] / 255, rgb[2] / 255, three.SRGBColorSpace);
      this.rods.setColorAt(number, colour);
      this.knobs.setColorAt(2 * number, colour);
      this.knobs.setColorAt(2 * number + 1, colour);
    });
    for (const part of [this.rods, this.knobs]) {
      part.frustumCulled = false;
      group.add(part);
    }
    this.group.add(group);
    return group;
  }

  /**
   * @param {number} colour
   * @param {number} opacity
   */
  paint(colour, opacity = 1) {
    this.material.color.setHex(colour);
    this.material.opacity = opacity;
    this.material.transparent = opacity < 1;
    this.material.depthWrite = opacity === 1;
  }

  /**
   * Take a pose, so far from where the motion says.
   * @param {{rotations: Float32Array, root: Float32Array}} pose
   * @param {number[]} place x and z
   */
  pose(pose, place) {
    this.bones.forEach((bone, joint) => bone.quaternion.fromArray(pose.rotations, 4 * joint));
    this.bones[0].position.fromArray(pose.root);
    this.group.position.set(place[0], 0, place[1]);
    placePoints(this.body.offsets, pose, this.points);
    if (this.skeleton?.visible) this.#stretch();
    if (this.shadow) this.#cast();
  }

  #stretch() {
    this.limbs.forEach(([a, b, radius], number) => {
      from.fromArray(this.points, 3 * a);
      to.fromArray(this.points, 3 * b);
      along.subVectors(to, from);
      const length = along.length() || 1e-6, thick = 0.55 * radius;
      quaternion.setFromUnitVectors(up, along.divideScalar(length));
      matrix.compose(along.addVectors(from, to).multiplyScalar(0.5), quaternion, size.set(thick, length, thick));
      this.rods.setMatrixAt(number, matrix);
      const head = b === PARENTS.length ? 1.9 : 1;
      for (const [end, point] of [[0, from], [1, to]]) {
        const wide = end && head > 1 ? head * thick : thick;
        this.knobs.setMatrixAt(2 * number + end, matrix.compose(point, level, size.set(wide, wide, wide)));
      }
    });
    this.rods.instanceMatrix.needsUpdate = true;
    this.knobs.instanceMatrix.needsUpdate = true;
  }

  #cast() {
    SHADOWED.forEach(([point, radius], number) => {
      from.fromArray(this.points, 3 * point);
      // Wider and so paler with height; what is high throws none.
      const height = Math.max(from.y, 0), wide = height > 1.3 ? 0 : radius * (1.15 + 0.5 * height);
      matrix.compose(from.setY(0.004 + 0.0004 * number), level, size.set(wide, 1, wide));
      this.shadow.setMatrixAt(number, matrix);
    });
    this.shadow.instanceMatrix.needsUpdate = true;
  }

  /** Heights of the topmost and the lowest point in the picture, from 0 at the top to 1. */
  span(camera) {
    let top = Infinity, bottom = -Infinity;
    for (let n = 0; n < POINTS; n++) {
      from.fromArray(this.points, 3 * n).add(this.group.position).project(camera);
      top = Math.min(top, (1 - from.y) / 2);
      bottom = Math.max(bottom, (1 - from.y) / 2);
    }
    return [top, bottom];
  }

  /** Where its feet are in the picture: from the left and from the top, 0 to 1. */
  foot(camera) {
    from.set(this.points[0], 0, this.points[2]).add(this.group.position).project(camera);
    return [(1 + from.x) / 2, (1 - from.y) / 2];
  }

  dispose() {
    this.material.dispose();
    this.mesh.skeleton.dispose();
    for (const part of [this.rods, this.knobs, this.shadow]) {
      part?.material.dispose();
      part?.geometry.dispose();
      part?.dispose();
    }
  }
}
