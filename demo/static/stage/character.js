// The visitor's own character: a GLB with one animation, in place of the figure.
import { AnimationMixer } from "../vendor/three.js";
import { GLTFLoader } from "../vendor/gltf.js";

/**
 * @param {string} address
 * @returns {Promise<{group: any, seek: (seconds: number) => void}>}
 */
export async function loadCharacter(address) {
  const { scene, animations } = await new GLTFLoader().loadAsync(address);
  if (!animations.length) throw new Error("this character has no animation");
  const mixer = new AnimationMixer(scene);
  mixer.clipAction(animations[0]).play();
  scene.traverse((part) => (part.frustumCulled = false));
  return { group: scene, seek: (seconds) => mixer.setTime(seconds) };
}
