// What stays in this browser from one visit to the next; a browser without storage forgets, and the page goes on.
const PREFIX = "motionclip:";

/**
 * @param {string} name
 * @param {any} value that JSON can hold
 * @returns {boolean} whether it is kept
 */
export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name */
export function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}
