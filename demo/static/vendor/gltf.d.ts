// As three.d.ts.
export const GLTFLoader: any, clone: any;
