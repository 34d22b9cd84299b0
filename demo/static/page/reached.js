// What the server answers; where it can't be reached, or Gradio's own functions fail, the reason in words.

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
