// Links to what the tabs Between and Style show: what was asked for, in words or by the map, and where the slider stands.
import { DECIMAL, WHOLE, addressWith, modelIn, mostOnce, numberIn, wordsIn } from "./fields.js";

/**
 * By the tab's name. words: its fields in a link, with the elem_ids of their boxes; numbers: likewise; slider: its field
 * and ends.
 * @type {Record<string, {stage: string, go: string, words: Record<string, string>, numbers: Record<string, string>, slider: [string, number, number]}>}
 */
export const TABS = {
  between: {
    stage: "path-stage", go: "interpolate", words: { from: "from-words", to: "to-words" },
    numbers: { seconds: "#between-seconds input[type=number]", seed: "#between-seed input" }, slider: ["amount", 0, 1],
  },
  style: {
    stage: "style-stage", go: "edit", words: { base: "style-base", from: "style-from", to: "style-to" },
    numbers: {}, slider: ["strength", -1, 2],
  },
};

/** The field of a link that has a motion of the map in place of words. @param {string} field */
export const known = (field) => `${field}_known`;

/**
 * The address that gives this again.
 * @param {string} tab
 * @param {Record<string, string | number>} request words by their fields, motions of the map by their `known` ones
 * @param {number} place of the slider
 * @param {string} model
 * @param {string} page the page's own address
 */
export function tabLinkTo(tab, request, place, model, page) {
  const { words, numbers, slider: [name] } = TABS[tab], fields = [...Object.keys(words).flatMap((field) => [field, known(field)]), ...Object.keys(numbers)];
  return addressWith([["tab", tab], ...fields.map((field) => [field, request[field]]), [name, place], ["model", model]], page);
}

/**
 * What an address asks of a tab, and what is wrong with it. wanted: null where words are missing.
 * @param {string} search
 * @param {{model: string, seconds: [number, number]}} limits
 * @returns {{tab: string | null, wanted: any, wrong: string[]}}
 */
export function fromTabLink(search, limits) {
  const given = new URLSearchParams(search), name = given.get("tab"), tab = Object.hasOwn(TABS, name ?? "") ? TABS[name] : null;
  if (name === null) return { tab: null, wanted: null, wrong: [] };
  if (!tab) return { tab: null, wanted: null, wrong: [`tab must be one of ${Object.keys(TABS).join(", ")}, not “${name.slice(0, 40)}”`] };
  const { words, numbers, slider: [slider, low, high] } = tab, ends = Object.keys(words), either = ends.flatMap((field) => [field, known(field)]);
  const wrong = mostOnce(given, ["tab", ...either, ...Object.keys(numbers), slider, "model"]);
  wrong.push(...ends.filter((field) => given.has(field) && given.has(known(field))).map((field) => `${known(field)} counts, not ${field}`));
  /** @type {Record<string, any>} */
  const wanted = Object.fromEntries(ends.map((field) => (given.has(known(field)) ? known(field) : field)).map((field) => [field, wordsIn(given, field, wrong)]));
  const whole = Object.values(wanted).every(Boolean);
  const number = (field, least, most, form) => {
    const value = numberIn(given, field, least, most, form, wrong);
    if (value !== undefined) wanted[field] = value;
  };
  if ("seed" in numbers) number("seed", 0, 2 ** 31 - 1, WHOLE);
  if ("seconds" in numbers) number("seconds", ...limits.seconds, DECIMAL);
  number(slider, low, high, DECIMAL);
  modelIn(given, limits.model, wrong);
  return { tab: name, wanted: whole ? wanted : null, wrong };
}
