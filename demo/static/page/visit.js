// This visit: a link that gives again what is seen, and a strip of what was made, kept in the browser.
import { make } from "../stage/controls.js";
import { appear } from "./appear.js";
import { askFor, fromLink, linkTo } from "./fields.js";
import { keep, kept } from "./keeping.js";

const MOST = 24, WIDTH = 120, HEIGHT = 90, NAME = "history";

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

  link.addEventListener("click", async () => {
    if (!now) return void (word.textContent = "A link gives one motion: show one.");
    if (now.blocks) return void (word.textContent = "A storyboard has no link: save it as a file.");
    const address = linkTo({ ...now, model: props.model }, location.href);
    try {
      await navigator.clipboard.writeText(address);
      word.textContent = "Copied.";
    } catch {
      word.replaceChildren("This browser gives no clipboard; the link is ", make("a", { href: address }, "here"), ".");
    }
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

  document.addEventListener("moves", ({ detail: scene, target }) => {
    if (!target.closest(`#${props.stage}`)) return;
    const { asked, blocks } = scene, these = asked ?? (blocks ? { prompt: blocks.map(({ text }) => text).join(", "), blocks } : null);
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

  /** What is wrong with a link, where the visitor looks: under the prompt, until the next one is typed. @param {string} text */
  function tell(text) {
    const line = make("p", { class: "told", role: "status", id: "link-mistake" }, text);
    appear(() => document.querySelector(".answer"), (answer) => answer.before(line));
    document.addEventListener("input", ({ isTrusted }) => isTrusted && line.remove());
  }

  draw();
  const { wanted, wrong } = fromLink(location.search, props);
  if (wrong.length) tell(`The link: ${wrong.join("; ")}.`);
  if (wanted) {
    appear(() => document.querySelector("#generate") && document.querySelector("#seed input"), () => askFor(wanted));
  }
}
