// The visitor's own character: its file as three.js draws it, and a copy of it that takes poses on the stage.
import { Group } from "../vendor/three.js";
import { clone, GLTFLoader } from "../vendor/gltf.js";
import { mix, newPose } from "./motion.js";

const NUMBER = "numberInFile";
const PACKED = "KHR_texture_basisu"; // needs a decoder that the page has not

/**
 * @typedef {object} Tracks how some nodes of a file move
 * @property {number} frames
 * @property {number[]} turn numbers of the nodes that turn
 * @property {number[]} go numbers of those that go
 * @property {Float32Array} rotations frames × turning nodes × 4
 * @property {Float32Array} path frames × going nodes × 3
 */

/**
 * Tracks from their bytes in base64: "MCT1"; frames, how many turn, how many go, and their numbers, as uint32; rotations
 * as 4 × int16 and places as 3 × float32, frame by frame.
 * @param {string} text
 * @returns {Tracks}
 */
export function tracksFrom(text) {
  const { buffer } = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  if (String.fromCharCode(...new Uint8Array(buffer, 0, 4)) !== "MCT1") throw new Error("these are no tracks of the stage's format");
  const [frames, turns, goes] = new Uint32Array(buffer, 4, 3), start = 16 + 4 * (turns + goes), middle = start + 8 * frames * turns;
  return {
    frames,
    turn: [...new Uint32Array(buffer, 16, turns)],
    go: [...new Uint32Array(buffer, 16 + 4 * turns, goes)],
    rotations: Float32Array.from(new Int16Array(buffer, start, 4 * frames * turns), (whole) => whole / 32767),
    path: new Float32Array(buffer, middle, 3 * frames * goes),
  };
}

/**
 * What three.js draws of a character's file, each node with its number.
 * @param {ArrayBuffer} data
 */
export async function read(data) {
  const loader = new GLTFLoader();
  loader.register(({ json }) => {
    if (json.extensionsRequired?.includes(PACKED)) throw new Error(`its textures are packed as ${PACKED}: save them as PNG, JPEG or WebP`);
    return { name: "what can be drawn" };
  });
  const { scene, parser } = await loader.parseAsync(data, "");
  if (!scene) throw new Error("the file has no scene");
  scene.traverse((part) => {
    part.userData = { [NUMBER]: parser.associations.get(part)?.nodes };
    part.frustumCulled = false;
    if (part.isLight) part.visible = false;
  });
  return scene;
}

/** Free what the graphics card holds of it. */
export function dispose(model) {
  model?.traverse(({ geometry, material }) => {
    geometry?.dispose();
    for (const one of [material ?? []].flat()) {
      Object.values(one).forEach((value) => value?.isTexture && value.dispose());
      one.dispose();
    }
  });
}

export class Character {
  /**
   * @param {{model: any, scale: number, height: number}} own
   * @param {Tracks[]} motions several lie along the scene's slider
   */
  constructor({ model, scale, height }, motions) {
    this.motions = motions;
    this.tall = height;
    const [{ turn, go }] = motions, figure = clone(model), nodes = [];
    figure.traverse((part) => (nodes[part.userData[NUMBER] ?? -1] = part));
    this.turning = turn.map((number) => nodes[number]);
    this.going = go.map((number) => nodes[number]);
    this.now = newPose(turn.length, go.length);
    this.group = new Group();
    this.group.scale.setScalar(1 / scale);
    this.group.add(figure);
  }

  /**
   * Take the pose at a frame, so far from where the motion says.
   * @param {number[]} at where its motions lie
   * @param {number} value the slider's
   * @param {number} frame
   * @param {number[]} place x and z
   */
  pose(at, value, frame, [x, z]) {
    mix(this.motions, at, value, frame, this.now);
    this.turning.forEach((node, n) => node?.quaternion.fromArray(this.now.rotations, 4 * n));
    this.going.forEach((node, n) => node?.position.fromArray(this.now.root, 3 * n));
    this.group.position.set(x, 0, z);
  }
}
