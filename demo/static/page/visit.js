// This visit: links that give again what is seen, a strip of what was made, kept in the browser, and its tabs.
import { make } from "../stage/controls.js";
import { appear } from "./appear.js";
import { copy } from "./copying.js";
import { press, put } from "./ends.js";
import { addressWith, askFor, fromLink, linkTo, setNumbers } from "./fields.js";
import { keep, kept } from "./keeping.js";
import { onMoves } from "./moves.js";
import { fill } from "./prompt.js";
import { follow, named, start } from "./tabhistory.js";
import { fromTabLink, known, TABS } from "./tablinks.js";

const MOST = 24, WIDTH = 120, HEIGHT = 90, NAME = "history";
const LONGEST = 8000; // characters of a link that browsers and servers take
const CALM = 8, TRIES = 60; // looks, 50 ms each, that numbers have to stay; and at most

/**
 * @param {HTMLElement} element
 * @param {{model: string, seconds: [number, number], stage: string}} props
 */
export function mount(element, props) {
  const word = make("span", { role: "status" }), strip = make("div", { class: "strip", "aria-label": "What was made in this visit", role: "group" });
  const link = make("button", { type: "button", id: "copy-link" }, "Copy a link to this");
  const forget = make("button", { type: "button", onclick: () => (save([]), draw()) }, "Forget these");
  const row = make("div", { class: "downloads" }, link, forget, word);
  element.querySelector(".host").replaceChildren(row, strip);
  let made = kept(NAME) ?? [], storable = true, now = null;

  link.addEventListener("click", () => {
    if (!now) return void (word.textContent = "A link gives one motion: show one.");
    const address = now.blocks
      ? addressWith([["storyboard", JSON.stringify({ blocks: now.blocks })]], location.href)
      : linkTo({ ...now, model: props.model }, location.href);
    if (address.length > LONGEST) return void (word.textContent = "This storyboard is too long for a link: save it as a file.");
    copy(address, word);
  });

  function save(items) {
    made = items;
    if (!keep(NAME, items) && storable) {
      storable = false;
      word.textContent = "This browser does not store these: they are lost when you close the page.";
    }
  }

  function draw() {
    forget.hidden = !made.length;
    strip.replaceChildren(
      ...made.map((item) =>
        make("button", { type: "button", class: "tile", title: item.blocks ? item.prompt : `${item.prompt}, take ${item.seed}`, onclick: () => again(item) },
          make("img", { src: item.still, alt: "", width: WIDTH, height: HEIGHT }), make("span", {}, item.prompt)),
      ),
    );
  }

  const again = (item) => item.blocks ? document.dispatchEvent(new CustomEvent("story", { detail: item.blocks })) : askFor(item);
  const same = (one, other) => ["prompt", "seed", "seconds", "closeness"].every((name) => one[name] === other[name]) && JSON.stringify(one.blocks) === JSON.stringify(other.blocks);

  onMoves(props.stage, (scene) => {
    const { request, blocks } = scene, these = request ?? (blocks ? { prompt: blocks.map(({ text }) => text).join(", "), blocks } : null);
    now = these;
    if (!these) return;
    // A little later, when the figure is in the middle of it.
    setTimeout(() => {
      const stage = window.motionStage(props.stage);
      if (stage.scene !== scene) return;
      const still = stage.thumbnail(WIDTH, HEIGHT);
      save([{ ...these, still }, ...made.filter((item) => !same(item, these))].slice(0, MOST));
      draw();
    }, 700);
  });

  /**
   * What is wrong with a link, where the visitor looks: under what is asked for, until something is typed.
   * @param {string[]} wrong
   * @param {() => Element | null | undefined} find what it stands before
   */
  function tell(wrong, find = () => document.querySelector(".answer")) {
    if (!wrong.length) return;
    const line = make("p", { class: "told", role: "status", id: "link-mistake" }, `The link: ${wrong.join("; ")}.`);
    appear(find, (found) => found.before(line));
    document.addEventListener("input", ({ isTrusted }) => isTrusted && line.remove());
  }

  draw();
  appear(() => document.querySelector("[role=tab][aria-selected=true]"), follow);
  const { wanted, wrong } = fromLink(location.search, props);
  tell(wrong);
  if (wanted) {
    appear(() => document.querySelector("#generate") && document.querySelector("#seed input"), () => askFor(wanted));
  }
  openTab(fromTabLink(location.search, props));
  const story = new URLSearchParams(location.search).get("storyboard");
  if (story) appear(() => document.querySelector("#tell"), () => document.dispatchEvent(new CustomEvent("story-link", { detail: story })));

  /** Show what a link asks of another tab; its parts are not on the page before it is opened. */
  function openTab({ tab, wanted, wrong }) {
    if (!tab) return tell(wrong);
    const { stage, go, words, numbers, slider: [name] } = TABS[tab], button = () => document.querySelector(`#${go}`);
    if (!named()) start(tab);
    tell(wrong, () => button()?.closest(".ends").nextElementSibling);
    if (!wanted) return;
    const boxes = [...Object.values(words).map((id) => `#${id} textarea`), ...Object.values(numbers)];
    // They are there when what the page says first stands in them. While a tab comes Gradio may put that there again.
    let calm = 0, tries = 0;
    const stays = () => {
      calm = setNumbers(numbers, wanted) ? calm + 1 : 0;
      return calm > CALM || ++tries > TRIES;
    };
    appear(() => button() && window.motionStage?.(stage) && boxes.every((box) => document.querySelector(box)?.value) && stays(), () => {
      for (const [field, id] of Object.entries(words)) {
        if (known(field) in wanted) put(id, wanted[known(field)], "map");
        else put(id, wanted[field]);
      }
      press(go);
    });
    const place = ({ target }) => {
      if (!target.closest(`#${stage}`)) return;
      document.removeEventListener("moves", place);
      if (name in wanted) fill(String(wanted[name]), target.querySelector(".slider input"));
    };
    document.addEventListener("moves", place);
  }
}
