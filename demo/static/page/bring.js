// Brings what the server made onto a stage, with its files, and says how that goes. The last request counts.
import { stageNamed } from "./appear.js";
import { reached } from "./reached.js";

/** The last request by its stage. @type {Map<string, Promise<any>>} */
const latest = new Map();

/**
 * @param {string} stage its name
 * @param {HTMLElement} word where it is said
 * @param {Promise<any>} work gives {scene, token} and more, or {reason}
 * @returns {Promise<any>} what the work gave, or null where it went wrong or something else was asked for since
 */
export async function bring(stage, word, work) {
  word.textContent = "making it …";
  latest.set(stage, work);
  try {
    const answer = await reached(work), on = await stageNamed(stage);
    if (latest.get(stage) !== work) return null;
    word.textContent = answer.reason ?? "";
    if (answer.reason) return null;
    document.dispatchEvent(new CustomEvent("offer", { detail: { stage, token: answer.token } }));
    await on.show(answer.scene);
    return answer;
  } catch (error) {
    word.textContent = `That didn't work: ${error.message ?? error}`;
    return null;
  }
}
