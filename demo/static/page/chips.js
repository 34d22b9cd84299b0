// Examples as buttons: one click fills the boxes and asks.
import { make } from "../stage/controls.js";
import { press, put } from "./ends.js";

/**
 * @param {HTMLElement} element
 * @param {{fields: string[], go: string, groups: {label: string, chips: [string, string[]][]}[]}} props
 */
export function mount(element, { fields, go, groups }) {
  const choose = (words) => {
    words.forEach((word, number) => put(fields[number], word));
    press(go);
  };
  element.querySelector(".host").replaceChildren(
    ...groups.map(({ label, chips }) =>
      make("div", { class: "chips" }, make("h3", {}, label), ...chips.map(([name, words]) =>
        make("button", { type: "button", onclick: () => choose(words) }, name),
      )),
    ),
  );
}
