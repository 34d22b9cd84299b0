// A button next to an end's box: it opens the map in a dialog, and the dot that is clicked becomes the end. And the words
// that stand in the box at first.
import { make } from "../stage/controls.js";
import { Chart } from "./chart.js";
import { fill } from "./prompt.js";
import { reached } from "./reached.js";

/**
 * @param {HTMLElement} element
 * @param {{field: string, what: string, words: [string, string] | null, how: any}} props field: the elem_id of the box;
 * what: the end's name; words: the elem_id of its words, and what stands there when the page opens
 * @param {any} _watch
 * @param {any} server
 * @param {any} _trigger
 * @param {string} root
 */
export function mount(element, { field, what, words, how }, _watch, server, _trigger, root) {
  const typed = words && document.querySelector(`#${words[0]} :is(textarea, input)`);
  if (typed && !typed.value) fill(words[1], typed);
  const host = element.querySelector(".host"), heading = `${what}: click a motion on the map`;
  const open = make("button", { type: "button", class: "plain", "aria-label": `${what}: choose on the map`, onclick: show }, "Map …");
  host.replaceChildren(open);
  /** @type {any} */
  let dialog = null, chart = null;
  const box = () => document.querySelector(`#${field} :is(textarea, input)`);

  function pick(number) {
    fill(`${chart.label(number)} #${number}`, box());
    dialog.close();
  }

  function build() {
    chart = new Chart({ ...how, body: root + how.body }, server, pick);
    const found = make("div", { class: "meant", role: "status" });
    const search = make("input", { type: "search", "aria-label": "Find words on the map", placeholder: "find words on the map" });
    search.addEventListener("change", async () => {
      const answer = await reached(server.find(search.value));
      if (answer.reason) return void found.replaceChildren(answer.reason);
      chart.mark = { x: answer.x, y: answer.y, label: search.value };
      found.replaceChildren(make("span", {}, "Nearest:"), ...answer.near.map(({ number, label }) => make("button", { type: "button", onclick: () => pick(number) }, label)));
      chart.look(answer.x, answer.y, 4);
    });
    const act = (name, onclick) => make("button", { type: "button", onclick }, name);
    dialog = make(
      "dialog", { class: "choosing", "aria-label": heading },
      make("h2", {}, heading), chart.root,
      make("div", { class: "downloads" }, search, act("Whole map", () => chart.look()), act("Close", () => dialog.close())),
      found,
    );
    host.append(dialog);
  }

  async function show() {
    if (!dialog) build();
    dialog.showModal();
    if (!(await chart.open())) return;
    const chosen = Number(/ #(\d+)$/.exec(box().value)?.[1] ?? -1), known = chosen >= 0 && chosen < chart.atlas.label_of.length;
    const [x, y] = known ? chart.at(chosen) : [0, 0];
    if (known) chart.mark = { x, y, label: chart.label(chosen) };
    chart.draw();
  }
}
