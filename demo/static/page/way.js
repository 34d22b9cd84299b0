// The way between two ends on the map, folded away at first: the known motions that it passes, each a click away.
import { make } from "../stage/controls.js";
import { bring } from "./bring.js";
import { Chart } from "./chart.js";

/**
 * @param {HTMLElement} element
 * @param {any} props value: {ends, passed, token}; stage: its name; how: the figure
 * @param {(names: string, then: () => void) => void} watch
 * @param {any} server
 * @param {any} _trigger
 * @param {string} root
 */
export function mount(element, props, watch, server, _trigger, root) {
  const chart = new Chart({ ...props.how, body: root + props.how.body }, server, take);
  const word = make("p", { class: "told", role: "status" }), names = make("div", { class: "meant" });
  const back = make("button", { type: "button", id: "back-to-the-way", hidden: true, onclick: giveBack }, "Back to the way");
  const details = make("details", { class: "storyboard way" }, make("summary", {}, "The way on the map"), chart.root, names, back, word);
  details.addEventListener("toggle", draw);
  /** The scene of the way, while a motion that it passes is on the stage. @type {any} */
  let scene = null;

  async function draw() {
    if (!details.open || !props.value) return;
    await chart.open();
    const { ends, passed } = props.value;
    chart.passed = passed;
    chart.only = passed.map(({ number }) => number);
    chart.line = [ends[0], ...passed.map(({ x, y }) => [x, y]), ends[1]];
    chart.frame(chart.line);
  }

  function take(number) {
    scene ??= window.motionStage(props.stage).scene;
    back.hidden = false;
    return bring(props.stage, word, server.take(number));
  }

  function giveBack() {
    bring(props.stage, word, Promise.resolve({ scene, token: props.value.token }));
    scene = null;
    back.hidden = true;
  }

  watch("value", () => {
    if (!props.value) return;
    scene = null;
    back.hidden = true;
    names.replaceChildren(
      make("span", {}, "It passes:"),
      ...props.value.passed.map(({ label, number }) => make("button", { type: "button", onclick: () => take(number) }, label)),
    );
    if (!details.isConnected) element.querySelector(".host").replaceChildren(details);
    draw();
  });
}
