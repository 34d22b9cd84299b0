import assert from "node:assert/strict";
import test from "node:test";
import { offsetsOf, PARENTS } from "../../demo/static/stage/body.js";
import { packed, room } from "../../demo/static/page/chart.js";
import { along, eased, placeJoints, slerp, smoothed, turn } from "../../demo/static/stage/maths.js";

const about = (axis, angle) => {
  const q = [0, 0, 0, Math.cos(angle / 2)];
  q[axis] = Math.sin(angle / 2);
  return Float32Array.from(q);
};
const near = (a, b, gap = 1e-5) => a.forEach((value, n) => assert.ok(Math.abs(value - b[n]) < gap, `${[...a]} is not ${[...b]}`));

test("slerp goes in equal angles, the short way, and keeps unit length", () => {
  const out = new Float32Array(4);
  slerp(out, 0, about(1, 0), 0, about(1, 2), 0, 0.25);
  near(out, about(1, 0.5));
  slerp(out, 0, about(1, 0.2), 0, about(1, 0.8).map((part) => -part), 0, 0.5);
  near(out, about(1, 0.5));
  slerp(out, 0, about(0, 0.3), 0, about(0, 0.3), 0, 0.7);
  near(out, about(0, 0.3));
  for (let share = 0; share <= 1; share += 0.1) {
    slerp(out, 0, about(0, 2.9), 0, about(2, -1.7), 0, share);
    assert.ok(Math.abs(Math.hypot(...out) - 1) < 1e-6);
  }
});

test("a vector is turned as the right hand says", () => {
  const out = new Float32Array(3);
  turn(out, 0, about(1, Math.PI / 2), 0, 0, 0, 1);
  near(out, [1, 0, 0]);
});

test("joints follow their parents, and bones keep their lengths between any two poses", () => {
  const rest = Array.from({ length: 72 }, (_, n) => Math.sin(3 * n)), offsets = offsetsOf(rest);
  const a = new Float32Array(96), b = new Float32Array(96), mixed = new Float32Array(96);
  for (let joint = 0; joint < 24; joint++) {
    a.set(about(joint % 3, 0.1 * joint), 4 * joint);
    b.set(about((joint + 1) % 3, 1 - 0.2 * joint), 4 * joint);
    slerp(mixed, 4 * joint, a, 4 * joint, b, 4 * joint, 0.4);
  }
  const positions = new Float32Array(72), turned = new Float32Array(96);
  placeJoints(PARENTS, offsets, mixed, Float32Array.of(1, 2, 3), positions, turned);
  near(positions.subarray(0, 3), [1, 2, 3]);
  PARENTS.forEach((parent, joint) => {
    if (parent < 0) return;
    const length = (of) => Math.hypot(...[0, 1, 2].map(of));
    const was = length((n) => offsets[3 * joint + n]);
    assert.ok(Math.abs(length((n) => positions[3 * joint + n] - positions[3 * parent + n]) - was) < 0.001 * was + 1e-6);
  });
});

test("a smoothed path keeps a straight line's middle, and shakes less", () => {
  const frames = 61, straight = new Float32Array(3 * frames), shaking = new Float32Array(3 * frames);
  for (let n = 0; n < frames; n++) {
    straight[3 * n] = shaking[3 * n] = 0.1 * n;
    shaking[3 * n + 1] = n % 2;
  }
  near(smoothed(straight).subarray(3 * 25, 3 * 36), straight.subarray(3 * 25, 3 * 36));
  const calm = smoothed(shaking);
  for (let n = 20; n < 40; n++) assert.ok(Math.abs(calm[3 * n + 1] - 0.5) < 0.05);
});

test("between frames a path goes straight, and ends hold", () => {
  const out = new Float32Array(3), path = Float32Array.of(0, 0, 0, 2, 4, 6);
  along(out, path, 0.5);
  near(out, [1, 2, 3]);
  along(out, path, 9);
  near(out, [2, 4, 6]);
});

test("easing does not depend on the rate of frames", () => {
  let value = 0;
  for (let n = 0; n < 60; n++) value = eased(value, 1, 3, 1 / 60);
  assert.ok(Math.abs(value - eased(0, 1, 3, 1)) < 1e-9);
});

test("a colour in four bytes is what CSS makes of it", () => {
  const bytes = (colour) => [...new Uint8Array(new Uint32Array([colour]).buffer)];
  assert.deepEqual(bytes(packed(0, 0.5, 1)), [210, 45, 45, 255]); // hsl(0 65% 50%)
  assert.deepEqual(bytes(packed(240, 0.5, 0.4)), [45, 45, 210, 102]);
  assert.deepEqual(bytes(packed(130, 0.42, 1)), [37, 177, 61, 255]);
});

test("names on the map stand within it, with air between them, and none for what is outside", () => {
  const taken = [], wide = () => 92, slim = () => 32;
  assert.deepEqual(room(taken, wide, 10, 100, 300, 400), [50, 91]);
  assert.equal(room(taken, wide, 80, 115, 300, 400), null); // a stair
  assert.deepEqual(room(taken, wide, 80, 140, 300, 400), [80, 131]);
  assert.deepEqual(room(taken, wide, 290, 100, 300, 400), [250, 91]);
  assert.deepEqual(room(taken, slim, 290, 60, 300, 400), [300 - 46 - 20, 51]); // beside the buttons, not under them
  for (const [x, y] of [[-5, 200], [310, 200], [150, -2], [150, 420]]) assert.equal(room(taken, slim, x, y, 300, 400), null);
});
