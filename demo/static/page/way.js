// The map of the second tab: a drag from one dot to another chooses both ends, and the way between them is drawn there,
// with the known motions that it passes, each a click away.
import { make } from "../stage/controls.js";
import { onSight } from "./appear.js";
import { bring } from "./bring.js";
import { Chart } from "./chart.js";
import { press, put } from "./ends.js";

const END = 8; // pixels, the radius of an end's circle

/**
 * @param {HTMLElement} element
 * @param {any} props value: {ends, names, passed, token}; stage: its name; ends: the elem_ids of both ends' words; go:
 * that of the button; how: the figure
 * @param {(names: string, then: () => void) => void} watch
 * @param {any} server
 * @param {any} _trigger
 * @param {string} root
 */
export function mount(element, props, watch, server, _trigger, root) {
  const chart = new Chart({ ...props.how, body: root + props.how.body }, server, take);
  const word = make("p", { class: "told", role: "status" }), names = make("div", { class: "meant" });
  const back = make("button", { type: "button", id: "back-to-the-way", hidden: true, onclick: giveBack }, "Back to the way");
  element.querySelector(".host").replaceChildren(
    make("div", { class: "way", role: "group", "aria-label": "The way on the map" },
      chart.root,
      make("div", { class: "downloads" }, make("span", {}, matchMedia("(pointer: coarse)").matches ? "Hold a dot, then drag to another" : "Drag from one dot to another"), make("button", { type: "button", onclick: () => chart.look() }, "Whole map"), back),
      names, word),
  );
  chart.join = choose;
  /** The scene of the way, while another motion is on the stage. @type {any} */
  let scene = null;

  function choose(from, to) {
    [from, to].forEach((number, n) => put(props.ends[n], `${chart.label(number)} #${number}`, "map"));
    press(props.go);
  }

  function draw() {
    if (!props.value || !chart.atlas || !chart.canvas.clientWidth) return;
    const { ends, names, passed } = props.value;
    const marks = ends.map(([x, y], n) => ({ x, y, label: names[n], radius: END }));
    chart.passed = [...marks, ...passed.map((one) => (names.includes(one.label) ? { ...one, label: "" } : one))];
    chart.first = passed.map(({ number }) => number);
    chart.line = [ends[0], ...passed.map(({ x, y }) => [x, y]), ends[1]];
    chart.frame(chart.line);
  }

  function take(number) {
    scene ??= window.motionStage(props.stage).scene;
    back.hidden = !props.value;
    return show(server.take(number));
  }

  function show(work) {
    window.motionStage(props.stage).picture.scrollIntoView({ block: "nearest" });
    return bring(props.stage, word, work);
  }

  function giveBack() {
    show(Promise.resolve({ scene, token: props.value.token }));
    scene = null;
    back.hidden = true;
  }

  watch("value", () => {
    if (!props.value) return;
    scene = null;
    back.hidden = true;
    word.textContent = "";
    names.replaceChildren(
      make("span", {}, "It passes:"),
      ...props.value.passed.map(({ label, number }) => make("button", { type: "button", onclick: () => take(number) }, label)),
    );
    draw();
  });

  // The dots are asked for when somebody looks.
  onSight(chart.canvas, async () => {
    if (!chart.atlas && (await chart.open())) draw();
  });
}
