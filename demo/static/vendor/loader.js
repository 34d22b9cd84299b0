// The loader of characters, and what copies them; `npm run vendor` bundles both into gltf.js beside this file.
export { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
export { clone } from "three/addons/utils/SkeletonUtils.js";
