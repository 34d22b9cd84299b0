// Several takes of one prompt, small: each plays while one points at it, and a click brings it onto the stage. Or all
// come there in step.
import { make } from "../stage/controls.js";
import { fromText } from "../stage/motion.js";
import { Small, tile } from "../stage/small.js";
import { askFor, currentRequest } from "./fields.js";
import { onMoves } from "./moves.js";
import { reached } from "./reached.js";

/**
 * @param {HTMLElement} element
 * @param {any} props how: the figure; stage: the name of the one whose prompt it is
 * @param {any} _watch
 * @param {any} server
 * @param {any} _trigger
 * @param {string} root
 */
export function mount(element, props, _watch, server, _trigger, root) {
  const how = { ...props.how, body: root + props.how.body };
  const word = make("p", { class: "told", role: "status" }), tiles = make("div", { class: "tiles" });
  const button = make("button", { type: "button", id: "four-takes", onclick: take }, "Four takes");
  /** @param {"beside" | "together"} layout @param {string} name */
  const way = (layout, name) => make("button", { type: "button", "data-layout": layout, hidden: true, onclick: () => showAll(layout) }, name);
  const all = [way("beside", "All side by side"), way("together", "All in one place")];
  element.querySelector(".host").replaceChildren(make("div", { class: "downloads" }, button, ...all), word, tiles);

  /** @type {import("./fields.js").MotionRequest | null} */
  let shown = null;
  /** @type {{seed: number, motion: string}[]} */
  let four = [];

  // Takes of another prompt than the one that moves are put away.
  onMoves(props.stage, ({ request, takes: now = request }) => {
    if (!shown) return;
    if (now && ["prompt", "seconds", "closeness"].every((name) => now[name] === shown[name])) return;
    shown = null;
    word.textContent = "";
    put([]);
  });

  /** @param {{seed: number, motion: string}[]} takes */
  function put(takes) {
    four = takes;
    all.forEach((one) => (one.hidden = !takes.length));
    tiles.replaceChildren(...takes.map(({ seed, motion }) =>
      tile(new Small(how, fromText(motion)), `Take ${seed}`, () => askFor({ ...shown, seed })),
    ));
  }

  /** @param {"beside" | "together"} layout */
  function showAll(layout) {
    const stage = window.motionStage(props.stage);
    stage.picture.scrollIntoView({ block: "nearest" });
    stage.show({
      name: `Four takes of “${shown.prompt}”`, layout, takes: shown,
      figures: four.map(({ seed, motion }) => ({ label: `Take ${seed}`, motions: [motion] })),
    });
    const none = "These are four motions: click the take that you want.";
    document.dispatchEvent(new CustomEvent("offer", { detail: { stage: props.stage, none } }));
  }

  async function take() {
    const wanted = currentRequest();
    word.textContent = "making four …";
    button.disabled = true;
    const { takes, reason } = await reached(server.takes([wanted.prompt, wanted.seconds, wanted.seed, wanted.closeness]));
    button.disabled = false;
    word.textContent = reason ?? "";
    if (!takes) return;
    shown = wanted;
    put(takes);
  }
}
