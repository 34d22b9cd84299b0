// What is asked for in the first tab: read from its fields, and put into them.
import { ask, box, fill } from "./prompt.js";

const NUMBERS = { seconds: "#seconds input[type=number]", seed: "#seed input", closeness: "#closeness input[type=number]" };

/**
 * @typedef {{prompt: string, seconds: number, seed: number, closeness: number, model?: string}} Asked
 */

/** @returns {Asked} */
export function asked() {
  const numbers = Object.entries(NUMBERS).map(([name, field]) => [name, Number(document.querySelector(field)?.value)]);
  return { prompt: box()?.value ?? "", ...Object.fromEntries(numbers) };
}

/**
 * Fill the fields, and ask.
 * @param {Partial<Asked>} wanted
 */
export function askFor(wanted) {
  for (const [name, field] of Object.entries(NUMBERS)) {
    const input = document.querySelector(field);
    if (!input || wanted[name] == null || Number(input.value) === wanted[name]) continue;
    fill(String(wanted[name]), input);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  ask(wanted.prompt ?? box().value);
}

/**
 * The address that gives this again.
 * @param {Asked} of
 * @param {string} page the page's own address
 */
export function linkTo(of, page) {
  const address = new URL(page);
  address.search = "";
  for (const [short, name] of [["prompt", "prompt"], ["seed", "seed"], ["seconds", "seconds"], ["closeness", "closeness"], ["model", "model"]]) {
    if (of[name] != null && of[name] !== "") address.searchParams.set(short, String(of[name]));
  }
  return address.href;
}

/**
 * What an address asks for, and what is wrong with it.
 * @param {string} search
 * @param {{model: string, seconds: [number, number]}} limits
 * @returns {{wanted: Partial<Asked> | null, wrong: string[]}}
 */
export function fromLink(search, limits) {
  const given = new URLSearchParams(search), wrong = [];
  if (!given.has("prompt")) return { wanted: null, wrong };
  const wanted = { prompt: given.get("prompt") ?? "" };
  const number = (short, name, low, high, whole) => {
    if (!given.has(short)) return;
    const value = Number(given.get(short));
    if (given.get(short) !== "" && value >= low && value <= high && (!whole || Number.isInteger(value))) wanted[name] = value;
    else wrong.push(`${short} must be ${whole ? "a whole number " : ""}from ${low} to ${high}, not “${given.get(short)}”`);
  };
  number("seed", "seed", 0, 2 ** 31 - 1, true);
  number("seconds", "seconds", ...limits.seconds, false);
  number("closeness", "closeness", 0, 1, false);
  const model = given.get("model");
  if (model && model !== limits.model) wrong.push(`this page runs the model “${limits.model}”, not “${model}”, so that the motion differs`);
  return { wanted, wrong };
}
