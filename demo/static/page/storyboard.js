// A storyboard: blocks on a strip that become one motion. They are added, moved, changed, and made again one by one.
import { COLOURS, make } from "../stage/controls.js";
import { stageNamed } from "./appear.js";
import { box } from "./prompt.js";
import { reached } from "./reached.js";

const MOST = 60, LEAST = 0.5; // seconds
const FIRST = ["walk", "sit down", "wave"].map((text) => ({ text, seconds: 2, seed: 0 }));

/**
 * @typedef {{text: string, seconds: number, seed: number}} Block
 */

/**
 * A list with one item elsewhere.
 * @template T
 * @param {T[]} items
 * @param {number} from
 * @param {number} to
 * @returns {T[]}
 */
export function moved(items, from, to) {
  const rest = items.filter((_, n) => n !== from);
  return [...rest.slice(0, to), items[from], ...rest.slice(to)];
}

/**
 * @param {HTMLElement} element
 * @param {any} props stage: its name
 * @param {any} _watch
 * @param {any} server
 */
export function mount(element, props, _watch, server) {
  /** @type {Block[]} */
  let blocks = [];
  let before = null, dragged = -1;
  const word = make("p", { class: "told", role: "status" }), list = make("ol", { class: "blocks" });
  const file = make("input", { type: "file", accept: ".json,application/json", hidden: true, "aria-label": "Storyboard file" });
  const act = (name, id, onclick) => make("button", { type: "button", id, onclick }, name);
  const details = make(
    "details",
    { class: "storyboard" },
    make("summary", {}, "Storyboard: several things in a row, each with its own length"),
    list,
    make(
      "div",
      { class: "downloads" },
      act("Add a block", "add-block", () => change([...blocks, { text: "", seconds: 2, seed: 0 }])),
      act("Fill from the prompt", "fill-blocks", () => fillFrom(box().value)),
      act("Play the storyboard", "tell", () => tell()),
      act("Save as a file", "save-blocks", save),
      act("Open a file", "open-blocks", () => file.click()),
      file,
    ),
    word,
  );
  element.querySelector(".host").replaceChildren(details);
  details.addEventListener("toggle", () => {
    if (details.open && !blocks.length) change(FIRST);
  });

  /** What has the keyboard keeps it, though the row is drawn anew. @param {Block[]} next @param {number} [to] where its block is now */
  function change(next, to = -1) {
    const held = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    blocks = next;
    list.replaceChildren(...blocks.map(row));
    if (held) focus(to < 0 ? held : held.replace(/\d+$/, String(to + 1)));
    sum();
  }

  function sum() {
    const whole = blocks.reduce((sum, { seconds }) => sum + seconds, 0);
    word.textContent = whole > MOST ? `These take ${whole.toFixed(1)} s; at most ${MOST} s are made.` : `${whole.toFixed(1)} s in all`;
  }

  function focus(label) {
    const [what, own] = [`[aria-label="${label}"]`, `[aria-label="Words of block ${label.match(/\d+$/)}"]`].map((one) => list.querySelector(one));
    (what?.disabled ? own : what ?? own)?.focus();
  }

  function row(block, number) {
    const text = make("input", { value: block.text, placeholder: "what to do", "aria-label": `Words of block ${number + 1}`, maxlength: 2000 });
    const seconds = make("input", { type: "number", value: block.seconds, min: LEAST, max: MOST, step: 0.5, "aria-label": `Seconds of block ${number + 1}` });
    text.addEventListener("change", () => set(number, { text: text.value }));
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      set(number, { text: text.value });
      tell();
    });
    seconds.addEventListener("change", () => set(number, { seconds: Number(seconds.value) }));
    const small = (sign, label, onclick, disabled = false) => make("button", { type: "button", title: label, "aria-label": `${label}: block ${number + 1}`, onclick, disabled }, sign);
    return make(
      "li",
      {
        draggable: "true",
        style: `border-top-color:${COLOURS[number % COLOURS.length]}`,
        ondragstart: () => (dragged = number),
        ondragover: (event) => event.preventDefault(),
        ondrop: (event) => {
          event.preventDefault();
          if (dragged >= 0) change(moved(blocks, dragged, number));
          dragged = -1;
        },
      },
      text,
      make("label", {}, seconds, " s"),
      make(
        "span",
        { class: "acts" },
        small("‹", "Earlier", () => change(moved(blocks, number, number - 1), number - 1), number === 0),
        small("›", "Later", () => change(moved(blocks, number, number + 1), number + 1), number === blocks.length - 1),
        small("↻", "Make it again, the others stay", () => {
          set(number, { seed: block.seed + 1 });
          tell();
        }),
        small("×", "Remove", () => change(blocks.filter((_, n) => n !== number), Math.min(number, blocks.length - 2))),
      ),
    );
  }

  const set = (number, what) => change(blocks.map((block, n) => (n === number ? { ...block, ...what } : block)));

  async function tried(doing, work) {
    word.textContent = doing;
    const found = await reached(work());
    if (found.reason) word.textContent = found.reason;
    else sum();
    return found.reason ? null : found;
  }

  async function fillFrom(what) {
    const found = await tried("reading …", () => server.blocks(what));
    if (found) change(found.blocks.map(({ text, seconds, seed }) => ({ text, seconds, seed })));
    return Boolean(found);
  }

  async function tell() {
    const stage = await stageNamed(props.stage);
    stage.busy("making the storyboard …");
    const found = await tried("making it …", () => server.tell({ blocks, before }));
    stage.busy("");
    if (!found) return;
    before = found.token;
    await stage.show({ ...found.scene, blocks });
    document.dispatchEvent(new CustomEvent("offer", { detail: { stage: props.stage, token: found.token } }));
  }

  // One of this visit's, again.
  document.addEventListener("story", ({ detail }) => {
    details.open = true;
    change(detail);
    tell();
  });

  // One of a link, as its JSON.
  document.addEventListener("story-link", async ({ detail }) => {
    change(FIRST);
    details.open = true;
    if (await fillFromJSON(detail, "The link's storyboard")) return tell();
    details.scrollIntoView({ block: "nearest" });
  });

  function save() {
    const address = URL.createObjectURL(new Blob([JSON.stringify({ blocks }, null, 1)], { type: "application/json" }));
    make("a", { href: address, download: "storyboard.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    file.value = "";
    if (chosen) fillFromJSON(await chosen.text(), chosen.name);
  });

  /** @param {string} text @param {string} where it is from @returns {Promise<boolean>} whether it could be read */
  async function fillFromJSON(text, where) {
    try {
      return await fillFrom(JSON.parse(text));
    } catch (error) {
      word.textContent = `${where}: is not JSON (${error.message})`;
      return false;
    }
  }
}
