// The prompt's box: completions from what the model knows, and a way for others to fill it and ask.
import { make } from "../stage/controls.js";
import { appear } from "./appear.js";

const PAUSE = 120; // milliseconds without typing before it is looked up

export const box = () => document.querySelector("#prompt textarea, #prompt input");

/**
 * Put words into the box, as if they were typed.
 * @param {string} words
 */
export function fill(words, target = box()) {
  target.value = words;
  target.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * Ask for a motion.
 * @param {string} words
 */
export function ask(words) {
  fill(words);
  setTimeout(() => document.querySelector("#generate")?.click());
}

/**
 * A list under the box that goes on from what is typed.
 * @param {(typed: string) => Promise<string[]>} lookUp what the model knows that begins so
 * @param {() => void} go what Enter does
 * @returns {HTMLElement} the list, to be put after the box
 */
export function complete(lookUp, go) {
  const list = make("ul", { class: "completions", role: "listbox", id: "completions", "aria-label": "What the model knows", hidden: true });
  let picked = -1, found = [], waiting = 0;

  const close = () => {
    clearTimeout(waiting);
    list.hidden = true;
    picked = -1;
    box()?.setAttribute("aria-expanded", "false");
    box()?.removeAttribute("aria-activedescendant");
  };
  const open = () => {
    list.replaceChildren(
      ...found.map((words, number) =>
        make("li", { role: "option", id: `completion-${number}`, "aria-selected": String(number === picked), onmousedown: (event) => {
          event.preventDefault();
          close();
          ask(words);
        } }, words),
      ),
    );
    list.hidden = !found.length;
    box().setAttribute("aria-expanded", String(!list.hidden));
    if (picked >= 0) box().setAttribute("aria-activedescendant", `completion-${picked}`);
  };
  const typed = (event) => {
    if (event.target !== box() || !event.isTrusted) return;
    picked = -1;
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const words = box().value, answer = words.trim().length > 1 ? await lookUp(words) : [];
      if (words !== box().value || document.activeElement !== box()) return;
      found = answer.filter((one) => one !== words);
      open();
    }, PAUSE);
  };
  const key = (event) => {
    if (event.target !== box()) return;
    if (event.key === "Enter" && picked < 0 && !event.shiftKey && !event.isComposing) {
      close();
      return go();
    }
    if (event.key === "Escape") return close();
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      picked = (picked + (event.key === "ArrowDown" ? 1 : -1) + found.length + 1) % (found.length + 1);
      if (picked === found.length) picked = -1;
      open();
    } else if (event.key === "Enter" || event.key === "Tab") {
      if (picked < 0) return close();
      event.preventDefault();
      event.stopPropagation();
      const words = found[picked];
      close();
      if (event.key === "Enter") ask(words);
      else fill(words);
    }
  };
  // Before Gradio's own, which would send what is typed.
  document.addEventListener("keydown", key, true);
  document.addEventListener("input", typed);
  document.addEventListener("focusout", (event) => event.target === box() && close());
  appear(box, (target) => {
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": "completions", "aria-expanded": "false", autocomplete: "off", enterkeyhint: "go" })) {
      target.setAttribute(name, value);
    }
  });
  return list;
}
