// Hears of each scene that begins to move on a stage, and of the one that moves already.

/**
 * @param {string} stage its name
 * @param {(scene: any) => void} then
 */
export function onMoves(stage, then) {
  document.addEventListener("moves", ({ detail, target }) => target.closest(`#${stage}`) && then(detail));
  const now = window.motionStage?.(stage);
  if (now?.moving) then(now.scene);
}
