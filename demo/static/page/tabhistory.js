// The tab that is open stands in the address, after "#": Back goes to the tab before, and a reload stays where one was.
import { appear } from "./appear.js";

const CALM = 8; // looks, 50 ms each, that a tab has to stay open
const nameOf = (tab) => tab.textContent.trim().toLowerCase();

/** The tab with a name as links have it. @param {string | null} name @returns {any} */
const find = (name) => [...document.querySelectorAll("[role=tab]")].find((tab) => nameOf(tab) === name);

/** The tab that the address says, or null. */
export const named = () => new URLSearchParams(location.hash.slice(1)).get("tab");

/** The address with a tab's name. What a link asks stays in it: "#" alone would go by the address of the page's files. @param {string} name */
const addressOf = (name) => `${location.pathname}${location.search}#tab=${name}`;

/** Say which tab a visit begins with, before `follow`. @param {string} name */
export const start = (name) => history.replaceState(null, "", addressOf(name));

/** Open the tab that the address says; from now on those that a visitor opens are in the history. */
export function follow() {
  const first = document.querySelector("[role=tab]"), open = document.querySelector("[role=tab][aria-selected=true]");
  const remember = (tab) => nameOf(tab) !== (named() ?? nameOf(first)) && history.pushState(null, "", addressOf(nameOf(tab)));
  // While Gradio starts a click may do nothing, or be undone.
  const show = () => {
    let calm = 0;
    appear(() => {
      const tab = find(named()) ?? first;
      if (tab.getAttribute("aria-selected") === "true") return ++calm > CALM;
      calm = 0;
      tab.click();
    }, () => {});
  };
  document.addEventListener("click", ({ target, isTrusted }) => {
    const tab = target.closest?.("[role=tab]");
    if (isTrusted && tab) remember(tab);
  });
  window.addEventListener("popstate", show);
  if (named()) show();
  else remember(open); // a visitor was quicker than this script
}
