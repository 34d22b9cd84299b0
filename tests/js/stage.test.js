import assert from "node:assert/strict";
import test from "node:test";
import { around, distance, distanceAt, FIELD, STEP, places, shares, targets } from "../../demo/static/stage/camera.js";
import { decode, mix, newPose, sample } from "../../demo/static/stage/motion.js";
import { footprints, reaches } from "../../demo/static/stage/bones.js";
import { cover, inRow, placeNames } from "../../demo/static/stage/names.js";
import { Timeline } from "../../demo/static/stage/timeline.js";
import { fromLink, linkTo } from "../../demo/static/page/fields.js";
import { fromTabLink, tabLinkTo } from "../../demo/static/page/tablinks.js";
import { moved } from "../../demo/static/page/storyboard.js";

function motion(frames, angle) {
  const buffer = new ArrayBuffer(8 + 192 * frames + 12 * frames), view = new DataView(buffer);
  "MCM1".split("").forEach((letter, n) => view.setUint8(n, letter.charCodeAt(0)));
  view.setUint16(4, frames, true);
  view.setUint16(6, 24, true);
  for (let frame = 0; frame < frames; frame++) {
    for (let joint = 0; joint < 24; joint++) {
      const place = 8 + 192 * frame + 8 * joint, half = (angle * frame) / 2;
      view.setInt16(place, Math.round(32767 * Math.sin(half)), true);
      view.setInt16(place + 6, Math.round(32767 * Math.cos(half)), true);
    }
    view.setFloat32(8 + 192 * frames + 12 * frame + 8, frame, true);
  }
  return buffer;
}

test("a motion is decoded, and sampled between its frames", () => {
  const found = decode(motion(5, 0.2)), pose = newPose();
  sample(found, 2.5, pose);
  assert.ok(Math.abs(pose.rotations[4 * 7] - Math.sin(0.25)) < 1e-4);
  assert.ok(Math.abs(pose.root[2] - 2.5) < 1e-5);
  sample(found, 99, pose);
  assert.equal(pose.root[2], 4);
  assert.throws(() => decode(motion(5, 0.2).slice(0, 100)), /no motion/);
});

test("a mix lies between its neighbours in angle", () => {
  const motions = [decode(motion(5, 0)), decode(motion(5, 0.2)), decode(motion(5, 0.3))], pose = newPose();
  mix(motions, [0, 1, 2], 0.5, 4, pose);
  assert.ok(Math.abs(pose.rotations[0] - Math.sin(0.2)) < 1e-3);
  mix(motions, [0, 1, 2], 1.5, 4, pose);
  assert.ok(Math.abs(pose.rotations[0] - Math.sin(0.5)) < 1e-3);
  mix(motions, [0, 1, 2], 9, 4, pose);
  assert.ok(Math.abs(pose.rotations[0] - Math.sin(0.6)) < 1e-3);
});

test("time loops, rests at the end, stops without a loop, and steps round", () => {
  const time = new Timeline();
  time.start(61);
  time.speed = 2;
  time.advance(0.5);
  assert.equal(time.frame, 30);
  time.advance(0.55);
  assert.equal(time.frame, 60); // it rests
  time.advance(0.5);
  assert.equal(time.time, 0);
  time.loop = false;
  time.advance(5);
  assert.ok(!time.playing && time.frame === 60);
  time.step(1);
  assert.equal(time.frame, 0);
  time.step(-1);
  assert.equal(time.frame, 60);
  time.toggle();
  assert.ok(time.playing && time.time === 0);
});

test("a figure fills 30 to 70 % of the picture, and several side by side fit into it and are large", () => {
  for (const aspect of [0.8, 1, 1.6, 2.4]) {
    const away = distance(aspect, [[0, 0, 0.5]], 0, 0), share = 1.75 / (2 * away * Math.tan(FIELD / 2));
    assert.ok(share > 0.3 && share < 0.7, `${aspect}: ${share}`);
    const three = distance(aspect, places(3, aspect).map((place) => [...place, 0.5]), 0, 0), wide = three * Math.tan(FIELD / 2) * aspect, [x] = places(3, aspect)[2];
    assert.ok(wide > x + 0.5, `${aspect}: ${wide}`);
    if (aspect < 1.1) assert.ok(wide < x + 0.7, `${aspect}: ${wide}`);
  }
});

test("figures stay in the picture from every side, and one that comes nearer does", () => {
  const spots = [[-1.2, 0.2, 0.5], [0, 2.5, 0.3], [1.2, -1, 0.8]], tangent = Math.tan(FIELD / 2), aspect = 0.9;
  for (let yaw = 0; yaw < 6; yaw += 0.4) {
    for (const pitch of [0, 0.2, 1.45]) {
      const away = distance(aspect, spots, yaw, pitch);
      for (const [x, z, far] of spots) {
        const near = x * Math.sin(yaw) + z * Math.cos(yaw), depth = away - near * Math.cos(pitch);
        assert.ok(Math.abs(x * Math.cos(yaw) - z * Math.sin(yaw)) + far < depth * tangent * aspect);
        assert.ok(Math.abs(near) * Math.sin(pitch) < depth * tangent);
      }
    }
  }
  assert.ok(distance(1, [[1.5, 2, 0]], 0, 0) > distance(1, [[1.5, -2, 0]], 0, 0));
});

test("a taller character fills as much of the picture, and is looked at in its middle", () => {
  const path = new Float32Array([0, 0.95, 0]);
  for (const tall of [1.2, 3.5, 10]) {
    const share = tall / (2 * distance(1, [[0, 0, 0.5]], 0, 0, tall) * Math.tan(FIELD / 2));
    assert.ok(share > 0.3 && share < 0.7, `${tall}: ${share}`);
    assert.ok(Math.abs(targets([path], tall)[1] - tall / 2) < 0.06 * tall);
    assert.ok(Math.abs(places(2, 1, tall)[1][0] / places(2, 1)[1][0] - tall / 1.75) < 1e-6);
  }
});

test("an arm that is stretched out needs room, one that is raised none", () => {
  const stretched = new Float32Array(72), raised = new Float32Array(72), still = decode(motion(5, 0));
  stretched[3 * 20] = 0.7;
  raised[3 * 20 + 1] = 0.7;
  assert.deepEqual(reaches(stretched, still, newPose(), sample, 2).map((far) => far.toFixed(2)), ["0.82", "0.82", "0.82"]);
  assert.ok(reaches(raised, still, newPose(), sample, 2).every((far) => far < 1e-6));
  const [near, wide] = [0.4, 0.8].map((far) => distance(0.9, places(3, 0.9).map((place) => [...place, far]), 0, 0));
  assert.ok(wide > near + 1);
});

test("the camera goes along with a runner", () => {
  const path = new Float32Array(3 * 195);
  for (let n = 0; n < 195; n++) path.set([0, 0.95, 0.12 * n], 3 * n);
  const target = targets([path]);
  assert.ok(around([path], [[0.4]], target).every(([[x, z]]) => Math.hypot(x, z) < 0.7));
  assert.ok(Math.abs(target[3 * 100 + 2] - 12) < 0.01);
});

test("who runs away from the others is let go, and they stay large", () => {
  const paths = [0, 0.12, 0].map((speed, x) => Float32Array.from({ length: 3 * 195 }, (_, n) => [x, 0.95, speed * Math.floor(n / 3)][n % 3]));
  const minded = shares(paths), target = targets(paths), steps = around(paths, [[0.4], [0.4], [0.4]], target, (path, frame) => minded[path][frame] > 0);
  const away = Array.from({ length: 195 }, (_, frame) => distanceAt(frame, 1.6, steps, 0.12, 0.18));
  assert.deepEqual([minded[0][194], minded[1][0], minded[1][194], minded[2][194]], [1, 1, 0, 1]);
  assert.ok(Math.abs(target[3 * 194]) - 1 < 1e-6 && Math.abs(target[3 * 194 + 2]) < 1e-6);
  assert.ok(Math.max(...away) < 1.7 * away[0] && away[194] < 1.1 * away[0]);
  for (let frame = 1; frame < 195; frame++) assert.ok(Math.abs(away[frame] - away[frame - 1]) < 0.24);
});

test("while figures are near each other they are large, though one is far away later", () => {
  const paths = [0, 0.12].map((speed) => Float32Array.from({ length: 3 * 195 }, (_, n) => (n % 3 === 2 ? speed * Math.max(Math.floor(n / 3) - 60, 0) : 0.95)));
  const target = targets(paths, undefined, paths.map(() => Array(195).fill(1))), steps = around(paths, [[0.4], [0.4]], target);
  const away = Array.from({ length: 195 }, (_, frame) => distanceAt(frame, 0.8, steps, 0.6, 0.2));
  assert.ok(away[0] < 0.5 * away[194]);
  for (let frame = 0; frame < 195; frame += STEP) assert.ok(away[frame] > distance(0.8, steps[frame / STEP], 0.6, 0.2) - 1e-6);
  for (let frame = 1; frame < 195; frame++) assert.ok(Math.abs(away[frame] - away[frame - 1]) < 0.12 * 2);
});

test("a foot that rests leaves one print, a foot in the air none", () => {
  const tracks = new Float32Array(72 * 20);
  for (let frame = 0; frame < 20; frame++) {
    tracks[72 * frame + 30 + 1] = 0.02;
    tracks[72 * frame + 33 + 1] = 0.5;
    tracks[72 * frame + 21 + 2] = -0.15;
  }
  const found = footprints(tracks);
  assert.equal(found.length, 1);
  assert.ok(found[0].left && Math.abs(found[0].yaw) < 1e-6);
});

test("a link gives again what it was made of, and says what is wrong", () => {
  const limits = { model: "default", seconds: [0.7, 6.5] }, request = { prompt: "walk & wave", seed: 3, seconds: 2.5, closeness: 1, model: "default" };
  const { search } = new URL(linkTo(request, "http://x/?__theme=dark"));
  assert.deepEqual(fromLink(search, limits), { wanted: { prompt: "walk & wave", seed: 3, seconds: 2.5, closeness: 1 }, wrong: [] });
  const { wanted, wrong } = fromLink("?prompt=a&seed=-1&seconds=99&model=other", limits);
  assert.deepEqual(wanted, { prompt: "a" });
  assert.equal(wrong.length, 3);
  assert.equal(fromLink("?__theme=dark", limits).wanted, null);
});

test("a block is moved to where it is dropped", () => {
  assert.deepEqual(moved(["a", "b", "c"], 0, 2), ["b", "c", "a"]);
  assert.deepEqual(moved(["a", "b", "c"], 2, 1), ["a", "c", "b"]);
});

test("no name stands over another, and all are in the picture", () => {
  const sizes = [[90, 18], [60, 18], [70, 18]], feet = [[0.02, 0.6], [0.5, 0.61], [0.62, 0.63]];
  const own = placeNames(feet, sizes, 400, 300, "own");
  assert.ok(cover(own, sizes));
  assert.ok(!cover(placeNames([[0.2, 0.6], [0.5, 0.6], [0.8, 0.6]], sizes, 400, 300, "own"), sizes));
  for (const way of /** @type {("row" | "steps")[]} */ (["row", "steps"])) {
    for (const deep of [feet, feet.map(([x]) => [x, 0.99]), feet.map(([, y]) => [0.02, y]), feet.map(([, y]) => [0.98, y])]) {
      const places = placeNames(deep, sizes, 400, 300, way);
      assert.ok(!cover(places, sizes));
      assert.equal(new Set(places.map(([, top]) => top)).size, way === "row" ? 1 : 3);
      for (const [n, [left, top]] of places.entries()) assert.ok(left >= 0 && left + sizes[n][0] <= 400 && top > 0 && top + 18 <= 300);
    }
  }
  const total = sizes.reduce((sum, [wide]) => sum + wide, 0);
  assert.ok(inRow(sizes, total + 8) && !inRow(sizes, total + 7));
});

test("a link of a tab gives back what it was made of", () => {
  const limits = { model: "default", seconds: /** @type {[number, number]} */ ([0.7, 6.5]) };
  const between = { from: "walk", to: "dance & sing", seconds: 2.5, seed: 3 };
  const way = new URL(tabLinkTo("between", between, 0.33, "default", "http://here/?old=1"));
  assert.equal(way.searchParams.has("old"), false);
  assert.deepEqual(fromTabLink(way.search, limits), { tab: "between", wanted: { ...between, amount: 0.33 }, wrong: [] });
  const style = { base: "walk", from: "walk", to: "walk proudly" };
  const changed = new URL(tabLinkTo("style", style, -0.5, "default", "http://here/"));
  assert.deepEqual(fromTabLink(changed.search, limits), { tab: "style", wanted: { ...style, strength: -0.5 }, wrong: [] });
  const mapped = { from_known: "zombie walk #1234", to: "bow" };
  const drawn = new URL(tabLinkTo("between", mapped, 0.5, "default", "http://here/"));
  assert.deepEqual(fromTabLink(drawn.search, limits), { tab: "between", wanted: { ...mapped, amount: 0.5 }, wrong: [] });
  assert.deepEqual(fromTabLink("?prompt=walk", limits), { tab: null, wanted: null, wrong: [] });
});

test("a bad link of a tab says what is wrong", () => {
  const limits = { model: "default", seconds: /** @type {[number, number]} */ ([0.7, 6.5]) };
  const wrong = (search) => fromTabLink(search, limits).wrong.join("; ");
  assert.match(wrong("?tab=read"), /^tab must be one of between, style, not “read”$/);
  assert.match(wrong("?tab=constructor"), /^tab must be/);
  assert.match(wrong("?tab=between&from=walk"), /^to is missing$/);
  assert.equal(fromTabLink("?tab=between&from=walk", limits).wanted, null);
  const ends = "?tab=between&from=walk&to=run";
  assert.match(wrong(`${ends}&amount=1.5`), /^amount must be from 0 to 1, not “1.5”$/);
  assert.match(wrong(`${ends}&seed=1.5`), /^seed must be a whole number/);
  assert.match(wrong(`${ends}&seconds=9`), /^seconds must be from 0.7 to 6.5/);
  assert.match(wrong(`${ends}&to=bow`), /^to stands twice/);
  assert.match(wrong(`${ends}&to_known=bow`), /^to_known counts, not to$/);
  assert.match(wrong("?tab=between&from=walk&to_known="), /^to_known is missing$/);
  assert.match(wrong(`${ends}&model=other`), /not “other”/);
  assert.match(wrong(`?tab=style&base=walk&from=walk&to=${"a".repeat(2001)}`), /^to has 2001 characters/);
  assert.match(wrong("?tab=style&base=walk&from=walk&to=run&strength=3"), /^strength must be from -1 to 2/);
});
