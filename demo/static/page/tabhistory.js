// The tab that is open stands in the address, after "#": Back goes to the tab before, and a reload stays where one was.
import { appear } from "./appear.js";

const nameOf = (tab) => tab.textContent.trim().toLowerCase();

/** The tab with a name as links have it. @param {string | null} name @returns {any} */
const find = (name) => [...document.querySelectorAll("[role=tab]")].find((tab) => nameOf(tab) === name);

/** The tab that the address says, or null. */
export const named = () => new URLSearchParams(location.hash.slice(1)).get("tab");

/** Open a tab that a link asks for, as the page's first. @param {string} name */
export function start(name) {
  history.replaceState(null, "", `#tab=${name}`);
  appear(() => find(name), (tab) => tab.click());
}

/** From now on the tabs that a visitor opens are in the history. */
export function follow() {
  const first = document.querySelector("[role=tab][aria-selected=true]"), show = () => (find(named()) ?? first).click();
  document.addEventListener("click", ({ target, isTrusted }) => {
    const tab = target.closest?.("[role=tab]");
    if (isTrusted && tab && nameOf(tab) !== (named() ?? nameOf(first))) history.pushState(null, "", `#tab=${nameOf(tab)}`);
  });
  window.addEventListener("popstate", show);
  if (named()) show();
}
