// What the server answers; where it can't be reached, or Gradio's own functions fail, the reason in words.

const TRIES = 3, PAUSE = 1000; // milliseconds
const SILENT = "the server can't be reached; check the connection, and try again";

/**
 * @param {Promise<any>} answer of a server function, which is undefined where nothing came back
 * @returns {Promise<any>} the answer, or {reason}
 */
export async function reached(answer) {
  try {
    return (await answer) ?? { reason: `That didn't work: ${SILENT}` };
  } catch (error) {
    return { reason: `That didn't work: ${error.message ?? error}` };
  }
}

/**
 * The answer to what the page itself asks, with no visitor there who would ask again: after a failure it tries again.
 * @param {() => Promise<any>} ask
 * @returns {Promise<any>} the answer, or {reason}
 */
export async function insisted(ask) {
  for (let left = TRIES - 1; ; left--) {
    const answer = await reached(ask());
    if (!answer.reason || !left) return answer;
    await new Promise((then) => setTimeout(then, PAUSE));
  }
}
