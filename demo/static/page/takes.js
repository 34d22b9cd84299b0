// Several takes of one prompt, small: each plays while one points at it, and a click brings it onto the stage.
import { make } from "../stage/controls.js";
import { fromText } from "../stage/motion.js";
import { Small, tile } from "../stage/small.js";
import { asked, askFor } from "./fields.js";
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
  element.querySelector(".host").replaceChildren(make("div", { class: "downloads" }, button), word, tiles);

  /** @type {import("./fields.js").Asked | null} */
  let shown = null;

  // Takes of another prompt than the one that moves are put away.
  document.addEventListener("moves", ({ detail: { asked: now }, target }) => {
    if (!shown || !target.closest(`#${props.stage}`)) return;
    if (now && ["prompt", "seconds", "closeness"].every((name) => now[name] === shown[name])) return;
    shown = null;
    word.textContent = "";
    tiles.replaceChildren();
  });

  async function take() {
    const wanted = asked();
    word.textContent = "making four …";
    button.disabled = true;
    const { takes, reason } = await reached(server.takes([wanted.prompt, wanted.seconds, wanted.seed, wanted.closeness]));
    button.disabled = false;
    word.textContent = reason ?? "";
    if (!takes) return;
    shown = wanted;
    tiles.replaceChildren(...takes.map(({ seed, motion }) =>
      tile(new Small(how, fromText(motion)), `Take ${seed}`, () => askFor({ ...wanted, seed })),
    ));
  }
}
