// Where the names of figures stand: each under its own, and none over another.

/**
 * The left edge and the top of each name, in pixels.
 * @param {number[][]} feet of each figure: shares of the picture's width and height
 * @param {[number, number][]} sizes of each name: width and height
 * @param {number} width of the picture
 * @param {number} height
 * @param {boolean} apart whether the names have to stand one lower than the other
 */
export function placeNames(feet, sizes, width, height, apart) {
  const tops = feet.map(([, y]) => (y + 0.03) * height), lowest = Math.max(...tops);
  const most = height - (apart ? sizes.reduce((sum, [, high]) => sum + high, 0) : sizes[0][1]);
  let above = Math.min(lowest, most);
  return feet.map(([x], number) => {
    const [wide, high] = sizes[number], left = Math.min(Math.max(x * width - wide / 2, 0), width - wide);
    const top = apart ? above : Math.min(tops[number], most);
    above += high;
    return [left, top];
  });
}

/**
 * Whether some name stands over another.
 * @param {number[][]} places of each name, as above
 * @param {[number, number][]} sizes
 */
export const cover = (places, sizes) =>
  places.some(([left, top], n) =>
    places.slice(0, n).some(([x, y], m) => left < x + sizes[m][0] && x < left + sizes[n][0] && Math.abs(top - y) < sizes[n][1]));
