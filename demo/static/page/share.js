// Next to the stage of a tab: a link that gives again what is seen there.
import { make } from "../stage/controls.js";
import { stageNamed } from "./appear.js";
import { copy } from "./copying.js";
import { TABS, tabLinkTo } from "./tablinks.js";

/**
 * @param {HTMLElement} element
 * @param {{tab: string, model: string, only: string}} props tab: its name in links; only: what has a link
 */
export function mount(element, { tab, model, only }) {
  const word = make("span", { role: "status" });
  const link = make("button", { type: "button", id: `copy-${tab}-link`, onclick: async () => {
    const { scene, mixed } = await stageNamed(TABS[tab].stage);
    if (!scene?.request) return void (word.textContent = scene ? only : "There is no motion yet.");
    copy(tabLinkTo(tab, scene.request, mixed, model, location.href), word);
  } }, "Copy a link to this");
  element.querySelector(".host").replaceChildren(make("div", { class: "downloads" }, link, word));
}
