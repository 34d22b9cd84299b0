// Brings what the server made onto a stage, with its files, and says how that goes.
import { reached } from "./reached.js";

/**
 * @param {string} stage its name
 * @param {HTMLElement} word where it is said
 * @param {Promise<any>} work gives {scene, token} and more, or {reason}
 * @returns {Promise<any>} what the work gave, or null where it went wrong
 */
export async function bring(stage, word, work) {
  word.textContent = "making it …";
  try {
    const answer = await reached(work);
    word.textContent = answer.reason ?? "";
    if (answer.reason) return null;
    document.dispatchEvent(new CustomEvent("offer", { detail: { stage, token: answer.token } }));
    await window.motionStage(stage).show(answer.scene);
    return answer;
  } catch (error) {
    word.textContent = `That didn't work: ${error.message ?? error}`;
    return null;
  }
}
