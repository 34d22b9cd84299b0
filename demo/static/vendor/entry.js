// What of three.js the stage uses; `npm run vendor` bundles it into three.js beside this file.
export {
  AmbientLight, AnimationMixer, Bone, Box3, BufferAttribute, BufferGeometry, CanvasTexture, CircleGeometry, Color,
  CylinderGeometry, DirectionalLight, Group, HemisphereLight, InstancedMesh, Line, LineBasicMaterial, Matrix4, Mesh,
  MeshBasicMaterial, MeshStandardMaterial, Object3D, PerspectiveCamera, PlaneGeometry, Quaternion, SRGBColorSpace, Scene,
  ShaderMaterial, Skeleton, SkinnedMesh, SphereGeometry, Vector2, Vector3, WebGLRenderer,
} from "three";
