// Waits for what Gradio puts on the page later than our own parts, and for what comes into sight.

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

/** A stage, once it is on the page. @param {string} name @returns {Promise<any>} */
export const stageNamed = async (name) => window.motionStage?.(name) ?? new Promise((then) => appear(() => window.motionStage?.(name), then));

/** Call whenever an element comes into sight. @param {Element} element @param {() => void} then */
export const onSight = (element, then) =>
  new IntersectionObserver((entries) => entries[entries.length - 1].isIntersecting && then()).observe(element);
