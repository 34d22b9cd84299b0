// The loader of characters; `npm run vendor` bundles it into gltf.js beside this file.
export { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
