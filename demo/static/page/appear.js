// Waits for what Gradio puts on the page later than our own parts.

const OFTEN = 50; // milliseconds

/**
 * @template T
 * @param {() => T | null | undefined | false} find
 * @param {(found: T) => void} then
 */
export function appear(find, then) {
  const wait = setInterval(() => {
    const found = find();
    if (!found) return;
    clearInterval(wait);
    then(found);
  }, OFTEN);
}
