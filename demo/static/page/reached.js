// What the server answers, or an error in words where nothing comes back: then Gradio's own functions give undefined.

/**
 * @param {Promise<any>} answer of a server function
 * @returns {Promise<any>}
 */
export async function reached(answer) {
  const found = await answer;
  if (found === undefined || found === null) throw new Error("the server can't be reached; check the connection, and try again");
  return found;
}
