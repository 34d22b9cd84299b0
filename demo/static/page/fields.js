// What is asked for in the first tab: read from its fields, and put into them.
import { ask, box, fill } from "./prompt.js";

const NUMBERS = { seconds: "#seconds input[type=number]", seed: "#seed input", closeness: "#closeness input[type=number]" };
export const WHOLE = /^[0-9]{1,10}$/, DECIMAL = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i, MAX_PROMPT = 2000;

/**
 * @typedef {{prompt: string, seconds: number, seed: number, closeness: number, model?: string}} MotionRequest
 */

/** @returns {MotionRequest} */
export function currentRequest() {
  const numbers = Object.entries(NUMBERS).map(([name, field]) => [name, Number(document.querySelector(field)?.value)]);
  return { prompt: box()?.value ?? "", ...Object.fromEntries(numbers) };
}

/**
 * Fill the fields, and ask.
 * @param {Partial<MotionRequest>} wanted
 */
export function askFor(wanted) {
  setNumbers(NUMBERS, wanted);
  ask(wanted.prompt ?? box().value);
}

/**
 * The address that gives this again.
 * @param {MotionRequest} of
 * @param {string} page the page's own address
 */
export function linkTo(of, page) {
  return addressWith(["prompt", ...Object.keys(NUMBERS), "model"].map((name) => [name, of[name]]), page);
}

/**
 * The page's address with these fields, of which empty ones are left out, and no others.
 * @param {any[][]} fields name and value each
 * @param {string} page its address now
 */
export function addressWith(fields, page) {
  const address = new URL(page);
  address.search = address.hash = "";
  for (const [name, value] of fields) if (value != null && value !== "") address.searchParams.set(name, String(value));
  return address.href;
}

/**
 * Words of an address; what is wrong with them is added to the list, and then there are none.
 * @param {URLSearchParams} given
 * @param {string} name
 * @param {string[]} wrong
 */
export function wordsIn(given, name, wrong) {
  const words = (given.get(name) ?? "").trim(), long = [...words].length;
  if (!long) wrong.push(`${name} is missing`);
  if (long > MAX_PROMPT) wrong.push(`${name} has ${long} characters; at most ${MAX_PROMPT} are taken`);
  return long <= MAX_PROMPT ? words : "";
}

/** That an address asks for another model is added to the list. @param {URLSearchParams} given @param {string} here @param {string[]} wrong */
export function modelIn(given, here, wrong) {
  const model = given.get("model") ?? here;
  if (model !== here) wrong.push(`this page runs the model “${here}”, not “${model}”, so that the motion differs`);
}

/**
 * A number of an address; what is wrong with it is added to the list.
 * @param {URLSearchParams} given
 * @param {string} name
 * @param {number} low
 * @param {number} high
 * @param {RegExp} form
 * @param {string[]} wrong
 */
export function numberIn(given, name, low, high, form, wrong) {
  if (!given.has(name)) return undefined;
  const words = given.get(name), value = form.test(words) ? Number(words) : NaN;
  if (value >= low && value <= high) return value;
  wrong.push(`${name} must be ${form === WHOLE ? "a whole number " : ""}from ${low} to ${high}, not “${words.slice(0, 40)}”`);
  return undefined;
}

/** What is wrong with fields that stand twice in an address. @param {URLSearchParams} given @param {string[]} names */
export const mostOnce = (given, names) =>
  names.filter((name) => given.getAll(name).length > 1).map((name) => `${name} stands twice; the first counts`);

/**
 * Set the fields of numbers, by their selectors.
 * @param {Record<string, string>} fields
 * @param {Record<string, any>} wanted
 * @returns {boolean} whether they stood there already
 */
export function setNumbers(fields, wanted) {
  let stood = true;
  for (const [name, field] of Object.entries(fields)) {
    const input = document.querySelector(field);
    if (!input || wanted[name] == null || Number(input.value) === wanted[name]) continue;
    stood = false;
    fill(String(wanted[name]), input);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  return stood;
}

/**
 * What an address asks for, and what is wrong with it. motionclip/links.py reads the same links; a test holds the two
 * equal. What it does not know it leaves: Gradio and Spaces have fields of their own in addresses.
 * @param {string} search
 * @param {{model: string, seconds: [number, number]}} limits
 * @returns {{wanted: Partial<MotionRequest> | null, wrong: string[]}}
 */
export function fromLink(search, limits) {
  const given = new URLSearchParams(search);
  if (!given.has("prompt")) return { wanted: null, wrong: [] };
  const wrong = mostOnce(given, ["prompt", ...Object.keys(NUMBERS), "model"]);
  const prompt = wordsIn(given, "prompt", wrong), wanted = { prompt };
  const number = (name, low, high, form) => {
    const value = numberIn(given, name, low, high, form, wrong);
    if (value !== undefined) wanted[name] = value;
  };
  number("seed", 0, 2 ** 31 - 1, WHOLE);
  if (given.get("seconds") === "0") wanted.seconds = 0; // as long as it takes
  else number("seconds", ...limits.seconds, DECIMAL);
  number("closeness", 0, 1, DECIMAL);
  modelIn(given, limits.model, wrong);
  return { wanted: prompt ? wanted : null, wrong };
}
