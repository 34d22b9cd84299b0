// A link goes to the clipboard; where a browser gives none, onto the page.
import { make } from "../stage/controls.js";

/**
 * @param {string} address
 * @param {HTMLElement} word where it is said how that went
 */
export async function copy(address, word) {
  try {
    await navigator.clipboard.writeText(address);
    word.textContent = "Copied.";
  } catch {
    word.replaceChildren("This browser gives no clipboard; the link is ", make("a", { href: address }, "here"), ".");
  }
}
