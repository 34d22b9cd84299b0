// The boxes of the page, filled from elsewhere: by examples, by the map, by a link.
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
