// What the model says to a prompt, beside the box: what it took it for, what else may be meant, what was wrong.
import { make } from "../stage/controls.js";
import { ask, complete } from "./prompt.js";

/**
 * @param {HTMLElement} element
 * @param {any} props value: {level, text, others}; stage: the name of the one that is spoken of
 * @param {(names: string, then: () => void) => void} watch
 * @param {any} server
 */
export function mount(element, props, watch, server) {
  const words = make("p", { class: "words", role: "status" }), meant = make("div", { class: "meant" });
  element.querySelector(".host").replaceChildren(complete((typed) => server.complete(typed)), make("div", { class: "answer" }, words, meant));
  const show = () => {
    const { level = "", text = "", others = [] } = props.value ?? {};
    words.textContent = text;
    words.dataset.level = level;
    meant.replaceChildren(
      ...(others.length ? [make("span", {}, "Did you mean:")] : []),
      ...others.map((other) => make("button", { type: "button", onclick: () => ask(other) }, other)),
    );
  };
  watch("value", show);
  document.addEventListener("moves", ({ detail: { asked, segments }, target }) => {
    if (!target.closest(`#${props.stage}`)) return;
    show();
    if (asked) return;
    words.textContent = `A storyboard: ${segments.map(({ label }) => label).join(", then ")}.`;
    words.dataset.level = "";
    meant.replaceChildren();
  });
  show();
}
