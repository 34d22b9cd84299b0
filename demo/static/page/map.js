// The fifth tab: the map next to its stage, words found on it, and a way drawn from one dot to another.
import { make } from "../stage/controls.js";
import { Chart, hue } from "./chart.js";
import { keep, kept } from "./keeping.js";
import { onSight, stageNamed } from "./appear.js";
import { bring } from "./bring.js";
import { insisted, reached } from "./reached.js";

const LAST = "on-the-map";

/**
 * @param {HTMLElement} element
 * @param {any} props stage: its name; how: the figure
 * @param {any} _watch
 * @param {any} server
 * @param {any} _trigger
 * @param {string} root
 */
export function mount(element, props, _watch, server, _trigger, root) {
  const chart = new Chart({ ...props.how, body: root + props.how.body }, server, (number) => take(number));
  const legend = make("div", { class: "legend", "aria-hidden": "true" });
  const word = make("p", { class: "told", role: "status" }), found = make("div", { class: "meant" });
  const words = make("input", { type: "search", "aria-label": "Find words on the map", placeholder: "find words on the map" });
  const drawing = make("button", { type: "button", "aria-pressed": "false", onclick: () => setDrawing(!chart.join) }, "Draw a way");
  element.querySelector(".host").replaceChildren(
    chart.root,
    make("div", { class: "downloads" }, words, drawing, make("button", { type: "button", onclick: () => chart.look() }, "Whole map")),
    word, found, legend,
  );

  function setDrawing(on) {
    chart.join = on ? walk : null;
    drawing.setAttribute("aria-pressed", String(on));
    chart.canvas.style.touchAction = on ? "none" : ""; // a finger draws, too, which else scrolls the page
    word.textContent = on ? "Drag from one dot to another." : "";
  }

  /** @param {number} number */
  async function take(number) {
    (await stageNamed(props.stage)).picture.scrollIntoView({ block: "nearest" });
    return show(number, server.take(number));
  }

  /** @param {number} number @param {Promise<any>} work */
  async function show(number, work) {
    chart.line = null;
    chart.passed = [];
    keep(LAST, { number, label: chart.label(number) });
    const answer = await bring(props.stage, word, work);
    if (answer) word.textContent = `On the stage: ${answer.scene.name}.`;
  }

  async function walk(a, b) {
    const ends = [chart.at(a), chart.at(b)];
    chart.line = ends;
    chart.passed = [];
    chart.draw();
    const answer = await bring(props.stage, word, server.way([a, b]));
    if (!answer) return;
    chart.passed = answer.passed;
    chart.line = [ends[0], ...answer.passed.slice(1, -1).map(({ x, y }) => [x, y]), ends[1]];
    word.textContent = `It passes ${answer.passed.map(({ label }) => label).join(", ")}.`;
    chart.draw();
  }

  words.addEventListener("change", async () => {
    const answer = await reached(server.find(words.value));
    word.textContent = answer.reason ?? "";
    if (answer.reason) return found.replaceChildren();
    chart.mark = { x: answer.x, y: answer.y, label: words.value };
    found.replaceChildren(make("span", {}, "Nearest:"), ...answer.near.map(({ number, label }) => make("button", { type: "button", onclick: () => take(number) }, label)));
    chart.look(answer.x, answer.y, 4);
  });

  /** What moves when the tab is opened: what was last clicked, or what is typical of the middle. */
  function first() {
    const { number, label } = kept(LAST) ?? {};
    return chart.atlas.labels[chart.atlas.label_of[number]] === label && label ? number : chart.atlas.middle;
  }

  onSight(chart.canvas, async () => {
    if (!(await chart.open())) return;
    if (!legend.childElementCount) {
      legend.replaceChildren(...chart.atlas.families.map((name, n) => make("span", {}, make("i", { style: `background:hsl(${hue(n)} 65% 50%)` }), name)));
      const number = first();
      if (!(await stageNamed(props.stage)).scene) show(number, insisted(() => server.take(number)));
    }
    // The prompt's own place.
    const prompt = window.motionStage?.("text-stage")?.scene?.request?.prompt;
    if (prompt && chart.mark?.label !== prompt && !words.value) {
      const { x, y } = await reached(server.find(prompt));
      if (x != null) chart.mark = { x, y, label: prompt };
    }
    chart.draw();
  });
}
