// The boxes of the page, filled from elsewhere, and the buttons beside them: by examples, by the map, by a link.
import { fill } from "./prompt.js";

/**
 * Fill a box; one of an end comes into sight.
 * @param {string} id the elem_id of the box, or of an end's words
 * @param {string} words
 * @param {"words" | "map"} [by] which of an end's boxes
 */
export function put(id, words, by = "words") {
  const box = document.querySelector(`#${id}${by === "map" ? "-known" : ""} :is(textarea, input)`);
  box.closest(".end")?.querySelector(`input[value=${by}]`).click();
  fill(words, box);
}

/**
 * Press a button, when Gradio has taken over what boxes were filled with just now: it does so a frame later.
 * @param {string} id its elem_id
 */
export function press(id) {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => document.querySelector(`#${id}`)?.click())));
}
