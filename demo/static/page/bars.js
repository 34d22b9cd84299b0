// What a motion is taken for: a sentence, and a bar for each label, with how sure the first is.
import { make } from "../stage/controls.js";
import { keep, kept } from "./keeping.js";
import { fill } from "./prompt.js";

const OWN = "own-labels";

/**
 * @param {HTMLElement} element
 * @param {any} props value: {text, sure, bars: [{label, share}]}; shares of 1
 * @param {(names: string, then: () => void) => void} watch
 */
export function mount(element, props, watch) {
  const host = element.querySelector(".host");
  watch("value", () => {
    const { text, sure, bars } = props.value ?? { text: "", sure: "", bars: [] };
    host.replaceChildren(
      make("p", { class: "words", role: "status" }, text),
      make("ol", { class: "bars" }, ...bars.map(({ label, share }, place) =>
        make("li", {}, make("span", {}, label), make("b", {}, place ? "" : sure),
          make("i", { style: `width:${100 * share}%`, "aria-hidden": "true" })),
      )),
    );
  });
  // One's own labels stay in this browser.
  document.addEventListener("input", (event) => {
    if (event.isTrusted && event.target.closest?.(`#${OWN}`)) keep(OWN, event.target.value);
  });
  new MutationObserver(() => {
    const box = document.querySelector(`#${OWN} textarea`);
    if (!box || box.dataset.filled) return;
    box.dataset.filled = "yes";
    if (!box.value && kept(OWN)) fill(kept(OWN), box);
  }).observe(document.body, { childList: true, subtree: true });
}
