// What it can do, at a glance: living pictures made beforehand; one click makes that motion.
import { make } from "../stage/controls.js";
import { isDark } from "../stage/small.js";
import { askFor } from "./fields.js";

/**
 * @param {HTMLElement} element
 * @param {{pictures: {prompt: string, seed: number, picture: string}[]}} props
 * @param {any} _watch
 * @param {any} _server
 * @param {any} _trigger
 * @param {string} root
 */
export function mount(element, { pictures }, _watch, _server, _trigger, root) {
  element.querySelector(".host").replaceChildren(
    make("div", { class: "strip gallery", role: "group", "aria-label": "What it can do" },
      ...pictures.map(({ prompt, seed, picture }) =>
        make("button", { type: "button", class: "tile", title: prompt, onclick: () => askFor({ prompt, seed, seconds: 0 }) },
          make("img", { "data-picture": picture, alt: "", width: 112, height: 112, loading: "lazy" }), make("span", {}, prompt)),
      )),
  );
  const images = [...element.querySelectorAll("img")];
  const dress = () => images.forEach((image) => {
    const picture = root + image.dataset.picture;
    image.src = isDark() ? picture.replace(/\.webp$/, "-dark.webp") : picture;
  });
  new MutationObserver(dress).observe(document.body, { attributeFilter: ["class"] });
  dress();
}
