// A floor without end: a grid that fades into the distance and goes along with the camera.
import * as three from "../vendor/three.js";

const REACH = 60;
const VERTEX = `
varying vec2 place;
void main() {
  vec4 world = modelMatrix * vec4(position, 1.0);
  place = world.xz;
  gl_Position = projectionMatrix * viewMatrix * world;
}`;
const FRAGMENT = `
uniform vec3 ground, line, sky;
uniform vec2 middle;
uniform float clear;
varying vec2 place;
float grid(vec2 at, float pitch) {
  vec2 cell = abs(fract(at / pitch - 0.5) - 0.5) * pitch, wide = fwidth(at) * 1.1;
  vec2 near = 1.0 - smoothstep(vec2(0.0), wide, cell);
  return max(near.x, near.y) * (1.0 - smoothstep(0.15, 0.5, max(wide.x, wide.y) / pitch));
}
void main() {
  float away = length(place - middle);
  vec3 colour = mix(ground, line, max(0.4 * grid(place, 0.5), 0.9 * grid(place, 2.0)));
  float fade = smoothstep(clear, clear * 3.2, away);
  gl_FragColor = vec4(mix(colour, sky, fade), 1.0);
  #include <colorspace_fragment>
}`;

export class Floor {
  constructor() {
    this.material = new three.ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: {
        ground: { value: new three.Color() },
        line: { value: new three.Color() },
        sky: { value: new three.Color() },
        middle: { value: new three.Vector2() },
        clear: { value: 4 },
      },
    });
    this.mesh = new three.Mesh(new three.PlaneGeometry(2 * REACH, 2 * REACH).rotateX(-Math.PI / 2), this.material);
    this.mesh.frustumCulled = false;
  }

  /**
   * @param {{ground: number, line: number, sky: number}} colours
   */
  paint(colours) {
    for (const name of ["ground", "line", "sky"]) this.material.uniforms[name].value.setHex(colours[name]);
  }

  /**
   * @param {number} x
   * @param {number} z
   * @param {number} clear metres up to which it does not fade
   */
  follow(x, z, clear) {
    this.mesh.position.set(x, 0, z);
    this.material.uniforms.middle.value.set(x, z);
    this.material.uniforms.clear.value = clear;
  }
}
