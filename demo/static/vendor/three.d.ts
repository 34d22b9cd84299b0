// three.js comes without types; what the stage uses of it, as untyped names.
export const AmbientLight: any, AnimationMixer: any, Bone: any, Box3: any, BufferAttribute: any, BufferGeometry: any;
export const CanvasTexture: any, CircleGeometry: any, Color: any, CylinderGeometry: any, DirectionalLight: any;
export const Group: any, HemisphereLight: any, InstancedMesh: any, Line: any, LineBasicMaterial: any, Matrix4: any;
export const Mesh: any, MeshBasicMaterial: any, MeshStandardMaterial: any, Object3D: any, PerspectiveCamera: any;
export const PlaneGeometry: any, Quaternion: any, SRGBColorSpace: any, Scene: any, ShaderMaterial: any, Skeleton: any;
export const SkinnedMesh: any, SphereGeometry: any, Vector2: any, Vector3: any, WebGLRenderer: any;
