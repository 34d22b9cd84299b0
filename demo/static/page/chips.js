// Examples as buttons: one click fills the boxes and asks.
import { make } from "../stage/controls.js";
import { put } from "./ends.js";

/**
 * @param {HTMLElement} element
 * @param {{fields: string[], go: string, groups: {label: string, chips: [string, string[]][]}[]}} props
 */
export function mount(element, { fields, go, groups }) {
  const press = (words) => {
    words.forEach((word, number) => put(fields[number], word));
    const button = document.querySelector(`#${go}`);
    setTimeout(() => button.click());
  };
  element.querySelector(".host").replaceChildren(
    ...groups.map(({ label, chips }) =>
      make("div", { class: "chips" }, make("h3", {}, label), ...chips.map(([name, words]) =>
        make("button", { type: "button", onclick: () => press(words) }, name),
      )),
    ),
  );
}
