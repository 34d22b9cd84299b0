// Where the names of figures stand: each under its own, and none over another.

const GAP = 4; // pixels between two names in a row

/**
 * The left edge and the top of each name, in pixels.
 * @param {number[][]} feet of each figure: shares of the picture's width and height
 * @param {[number, number][]} sizes of each name: width and height
 * @param {number} width of the picture
 * @param {number} height
 * @param {"own" | "row" | "steps"} way each under its own figure; all in a row; or each lower than the one before
 */
export function placeNames(feet, sizes, width, height, way) {
  const tops = feet.map(([, y]) => (y + 0.03) * height), highs = sizes.map(([, high]) => high);
  const lefts = feet.map(([x], number) => Math.min(Math.max(x * width - sizes[number][0] / 2, 0), width - sizes[number][0]));
  if (way === "own") return lefts.map((left, number) => [left, Math.min(tops[number], height - highs[number])]);
  const room = way === "row" ? Math.max(...highs) : highs.reduce((sum, high) => sum + high), lowest = Math.min(Math.max(...tops), height - room);
  if (way === "row") return spread(lefts, sizes, width).map((left) => [left, lowest]);
  return lefts.map((left, number) => [left, lowest + highs.slice(0, number).reduce((sum, high) => sum + high, 0)]);
}

/** Left edges that leave a gap between any two names; each of a pair that meets moves half of the way. */
function spread(lefts, sizes, width) {
  const order = lefts.map((_, number) => number).sort((a, b) => lefts[a] + sizes[a][0] / 2 - lefts[b] - sizes[b][0] / 2), out = [...lefts];
  const right = (number) => out[number] + sizes[number][0] + GAP;
  order.slice(1).forEach((number, n) => {
    const over = Math.max(right(order[n]) - out[number], 0) / 2;
    out[order[n]] -= over;
    out[number] += over;
  });
  // From both edges, so that what is left of an overlap goes.
  order.forEach((number, n) => (out[number] = Math.max(out[number], n ? right(order[n - 1]) : 0)));
  order.reduceRight((edge, number) => (out[number] = Math.min(out[number], edge - sizes[number][0])) - GAP, width);
  return out;
}

/** Whether names have room in one row. @param {[number, number][]} sizes @param {number} width of the picture */
export const inRow = (sizes, width) => sizes.reduce((sum, [wide]) => sum + wide + GAP, -GAP) <= width;

/**
 * Whether some name stands over another.
 * @param {number[][]} places of each name, as above
 * @param {[number, number][]} sizes
 */
export const cover = (places, sizes) =>
  places.some(([left, top], n) =>
    places.slice(0, n).some(([x, y], m) => left < x + sizes[m][0] && x < left + sizes[n][0] && Math.abs(top - y) < sizes[n][1]));
