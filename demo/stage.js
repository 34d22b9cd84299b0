// Plays skeletons on a canvas: one picked by a slider, or several side by side in step. Drag to look around.
// Runs as the js_on_load of a gr.HTML component: `element`, `props` and `watch` are Gradio's.
const { bones, focal } = props;
const view = { yaw: 0.6, pitch: 0.22, distance: 4.6 };
let picked = 0, started = performance.now(), held = null, shown = "";

function mixed(bodies, at) {
  // Between two neighbouring bodies the joints are mixed, so that the figure follows the slider smoothly.
  const low = Math.min(Math.floor(at), bodies.length - 1), high = Math.min(low + 1, bodies.length - 1), share = at - low;
  if (share === 0 || low === high) return bodies[low];
  return bodies[low].map((frame, f) => frame.map((x, i) => x + share * (bodies[high][f][i] - x)));
}

function draw() {
  const canvas = element.querySelector("canvas"), value = props.value;
  if (!canvas || !canvas.isConnected) return requestAnimationFrame(draw);
  const width = canvas.clientWidth, height = canvas.clientHeight, ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio)) { canvas.width = width * ratio; canvas.height = height * ratio; }
  const paint = canvas.getContext("2d");
  paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  paint.fillStyle = "#f6f7f9"; paint.fillRect(0, 0, width, height);
  if (value && value.bodies && value.bodies.length && width) {
    const bodies = value.mode === "pick" ? [mixed(value.bodies, picked * (value.bodies.length - 1))] : value.bodies;
    const frames = Math.max(...bodies.map(body => body.length));
    const now = Math.floor((performance.now() - started) / 1000 * 30) % (frames + 8);  // rests a little before it repeats
    bodies.forEach((body, index) => {
      const wide = width / bodies.length, frame = body[Math.min(now, body.length - 1)];
      paint.save(); paint.beginPath(); paint.rect(index * wide, 0, wide, height); paint.clip();
      figure(paint, frame, index * wide, wide, height);
      paint.fillStyle = "#475569"; paint.font = "600 14px system-ui, sans-serif"; paint.textAlign = "center";
      const label = value.mode === "pick" ? between(value) : value.labels[index] || "";
      paint.fillText(label, index * wide + wide / 2, height - 12, wide - 12); paint.restore();
    });
  }
  requestAnimationFrame(draw);
}

function between(value) {
  const percent = Math.round(picked * 100), [from, to] = value.labels;
  return percent === 0 ? from : percent === 100 ? to : `${100 - percent} % ${from}  ·  ${percent} % ${to}`;
}

function figure(paint, frame, left, width, height) {
  const size = Math.min(width * 1.25, height), cy = Math.cos(view.yaw), sy = Math.sin(view.yaw);
  const cp = Math.cos(view.pitch), sp = Math.sin(view.pitch);
  const target = [frame[0] / 1000, Math.max(0.85, frame[1] / 1000 - 0.2), frame[2] / 1000];
  const project = (x, y, z) => {
    const dx = x - target[0], dy = y - target[1], dz = z - target[2];
    const depth = Math.max(0.3, view.distance - (dx * sy * cp + dy * sp + dz * cy * cp));
    const across = dx * cy - dz * sy, up = dy * cp - sp * (dx * sy + dz * cy);
    return [left + width / 2 + size * focal * across / depth / 2, height / 2 - size * focal * up / depth / 2, depth];
  };
  paint.strokeStyle = "#d6dae0"; paint.lineWidth = 1;
  const line = (a, b) => { paint.beginPath(); paint.moveTo(a[0], a[1]); paint.lineTo(b[0], b[1]); paint.stroke(); };
  for (let step = -5; step <= 5; step++) {
    const gx = (Math.round(target[0] * 2) + step) / 2, gz = (Math.round(target[2] * 2) + step) / 2;
    line(project(gx, 0, target[2] - 2.5), project(gx, 0, target[2] + 2.5));
    line(project(target[0] - 2.5, 0, gz), project(target[0] + 2.5, 0, gz));
  }
  const point = joint => [frame[3 * joint] / 1000, frame[3 * joint + 1] / 1000, frame[3 * joint + 2] / 1000];
  paint.lineCap = "round";
  const limb = (a, b, thick, colour) => { paint.lineWidth = thick; paint.strokeStyle = colour; line(a, b); };
  for (const [a, b, radius] of bones) {
    const [p, q] = [point(a), point(b)];
    limb(project(p[0], 0, p[2]), project(q[0], 0, q[2]), 0.8 * radius * size * focal / view.distance, "#cbd0d7");
  }
  bones.map(([a, b, radius, colour]) => [project(...point(a)), project(...point(b)), radius, colour])
    .sort((one, two) => two[0][2] + two[1][2] - one[0][2] - one[1][2])
    .forEach(([a, b, radius, colour]) => {
      const thick = 2 * radius * size * focal / (a[2] + b[2]);
      limb(a, b, thick + 3, `rgb(${colour.map(c => c * 0.55)})`); limb(a, b, thick, `rgb(${colour})`);
    });
}

element.addEventListener("input", event => { if (event.target.type === "range") picked = event.target.value / 100; });
element.addEventListener("pointerdown", event => {
  if (event.target.tagName === "CANVAS") { held = event; event.target.setPointerCapture(event.pointerId); }
});
element.addEventListener("pointermove", event => {
  if (!held) return;
  view.yaw -= 0.01 * (event.clientX - held.clientX);
  view.pitch = Math.min(1.4, Math.max(-0.1, view.pitch + 0.01 * (event.clientY - held.clientY)));
  held = event;
});
element.addEventListener("pointerup", () => { held = null; });
watch("value", () => {
  started = performance.now();
  const slider = element.querySelector("input[type=range]");
  if (slider) slider.value = 100 * picked;
});
draw();
