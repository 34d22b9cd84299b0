// The visitor's own character, which all stages of the page can show: it is kept only in the page, and ends with it.

/**
 * @typedef {object} Own
 * @property {string} name of its file
 * @property {any} model what three.js draws; null where it can't
 * @property {number} scale its unit for a metre of the figure
 * @property {number} height how tall it stands, in metres of a figure with legs as long
 * @property {(motions: string[]) => Promise<string[]>} fit how it moves, for motions as they come from the server
 * @property {(ask: () => Promise<any>) => Promise<any>} kept asks the server for what it makes of the character
 */

/** @type {Own | null} */
let own = null;

export const worn = () => own;

/** Put a character on, or take it off. @param {Own | null} next */
export function wear(next) {
  own = next;
  document.dispatchEvent(new Event("character"));
}
