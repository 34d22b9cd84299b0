// A prompt is asked for, and what the model says to it: what it took it for, what else may be meant, what was wrong.
import { make } from "../stage/controls.js";
import { stageNamed } from "./appear.js";
import { askFor, currentRequest } from "./fields.js";
import { onMoves } from "./moves.js";
import { ask, complete } from "./prompt.js";
import { reached } from "./reached.js";

const FRESH = 60_000; // milliseconds that an answer which was made ahead is good for
const LONG = 60; // characters of a prompt that are repeated on the stage

/**
 * @param {HTMLElement} element
 * @param {any} props value: {level, text, others}; stage: its name
 * @param {(names: string, then: () => void) => void} _watch
 * @param {any} server
 */
export function mount(element, props, _watch, server) {
  const words = make("p", { class: "words", role: "status" }), meant = make("div", { class: "meant" });
  const completions = complete(lookUp, play);
  element.querySelector(".host").replaceChildren(completions, make("div", { class: "answer" }, words, meant));
  let latest = 0, current = props.value ?? {};
  /** What is typed, made during a pause in typing, so that Enter need not wait for it: one at a time. @type {{key: string, at: number, answer: Promise<any>} | null} */
  let ahead = null, making = false;

  /** @param {string} typed */
  async function lookUp(typed) {
    const completions = await server.complete(typed);
    if (typed === currentRequest().prompt) makeAhead();
    return completions;
  }

  async function makeAhead() {
    const fields = wanted(), key = JSON.stringify(fields);
    if (making || ahead?.key === key) return;
    ahead = { key, at: performance.now(), answer: reached(server.play(fields)) };
    making = true;
    await ahead.answer;
    making = false;
  }

  function wanted() {
    const { prompt, seconds, seed, closeness } = currentRequest();
    return [prompt, seconds, seed, closeness];
  }

  /** The server's answer, the one that was made ahead if it is to the same and has none of its mistakes. */
  async function answered(fields) {
    const made = ahead;
    ahead = null;
    const good = made?.key === JSON.stringify(fields) && performance.now() - made.at < FRESH && (await made.answer);
    return good && !good.reason ? good : reached(server.play(fields));
  }

  /** The token of the files, kept for what is shown and not for all that is typed. @returns {Promise<string | undefined>} */
  const kept = async (fields) => (await reached(server.keep(fields))).token;

  /** @param {{level?: string, text?: string, others?: string[]}} answer */
  function say({ level = "", text = "", others = [] }) {
    words.textContent = text;
    words.dataset.level = level;
    meant.replaceChildren(
      ...(others.length ? [make("span", {}, "Did you mean:")] : []),
      ...others.map((other) => make("button", { type: "button", onclick: () => ask(other) }, other)),
    );
  }

  /** The figure that is there is dimmed until the new one comes; after a mistake it stays. The last request counts. */
  async function play() {
    const stage = await stageNamed(props.stage);
    const fields = wanted(), prompt = String(fields[0]).trim(), mine = ++latest;
    if (words.dataset.level === "mistake") say({});
    stage.busy(prompt && `making “${prompt.length > LONG ? `${prompt.slice(0, LONG)} …` : prompt}” …`);
    if (!prompt) return say({ level: "mistake", text: "The box is empty. Say what the body should do, as in “a person walks like a zombie”." });
    try {
      const { reason, answer, scene } = await answered(fields);
      if (mine !== latest) return;
      say(reason ? { level: "mistake", text: reason } : answer);
      if (reason) return;
      current = answer;
      const shown = stage.show(scene);
      const token = Promise.resolve(shown).then(() => kept(fields), () => undefined); // after the first picture
      document.dispatchEvent(new CustomEvent("offer", { detail: { stage: props.stage, token } }));
      await shown;
    } catch (error) {
      if (mine === latest) say({ level: "mistake", text: `That didn't work: ${error.message ?? error}` });
    } finally {
      if (mine === latest) stage.busy("");
    }
  }

  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("#generate")) play();
    else if (target.closest?.("#again")) askFor({ ...currentRequest(), seed: currentRequest().seed + 1 });
  });
  // Other parts of the page put storyboards onto the stage, four takes, and what was asked for before.
  say(current);
  onMoves(props.stage, (scene) => say(scene.request ? current : { text: `${scene.blocks ? "A storyboard: " : ""}${scene.name}.` }));
  if (window.requestedEarly?.()) play();
}
