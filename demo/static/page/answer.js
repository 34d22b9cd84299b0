// A prompt is asked for, and what the model says to it: what it took it for, what else may be meant, what was wrong.
import { make } from "../stage/controls.js";
import { asked, askFor } from "./fields.js";
import { ask, complete } from "./prompt.js";
import { reached } from "./reached.js";

const FRESH = 60_000; // milliseconds that an answer which was made ahead is good for

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
  /** What is typed, made during a pause in typing, so that Enter need not wait for it. @type {{fields: string, at: number, answer: Promise<any>} | null} */
  let ahead = null;

  /** @param {string} typed */
  async function lookUp(typed) {
    const completions = await server.complete(typed);
    if (typed === asked().prompt) makeAhead();
    return completions;
  }

  function makeAhead() {
    const fields = wanted();
    if (ahead?.fields === JSON.stringify(fields)) return;
    ahead = { fields: JSON.stringify(fields), at: performance.now(), answer: server.play(fields) };
    ahead.answer.catch(() => {}); // Enter asks again, and says so
  }

  function wanted() {
    const { prompt, seconds, seed, closeness } = asked();
    return [prompt, seconds, seed, closeness];
  }

  /** The server's answer to what the fields say. */
  function answered() {
    const fields = wanted(), made = ahead;
    ahead = null;
    const good = made?.fields === JSON.stringify(fields) && performance.now() - made.at < FRESH;
    return good ? reached(made.answer).catch(() => reached(server.play(fields))) : reached(server.play(fields));
  }

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
    const stage = window.motionStage(props.stage), mine = ++latest;
    if (words.dataset.level === "mistake") say({});
    stage?.busy(`making “${asked().prompt}” …`);
    try {
      const { reason, answer, scene, token } = await answered();
      if (mine !== latest) return;
      say(reason ? { level: "mistake", text: reason } : answer);
      if (reason) return;
      current = answer;
      document.dispatchEvent(new CustomEvent("offer", { detail: { stage: props.stage, token } }));
      await stage?.show(scene);
    } catch (error) {
      if (mine === latest) say({ level: "mistake", text: `That didn't work: ${error.message ?? error}` });
    } finally {
      if (mine === latest) stage?.busy("");
    }
  }

  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("#generate")) play();
    else if (target.closest?.("#again")) askFor({ ...asked(), seed: asked().seed + 1 });
  });
  // Other parts of the page put storyboards onto the stage, and what was asked for before.
  document.addEventListener("moves", ({ detail: scene, target }) => {
    if (!target.closest(`#${props.stage}`)) return;
    say(scene.asked ? current : { text: `A storyboard: ${scene.segments.map(({ label }) => label).join(", then ")}.` });
  });
  say(current);
}
