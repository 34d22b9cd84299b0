// The map by the keyboard: what lies in its middle is pointed at. Arrows move the map, and Enter takes what is there.
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const ZOOMS = { "+": 1.6, "=": 1.6, "-": 1 / 1.6 };
const STEP = 40; // pixels
const HINT = "arrows move, + and − zoom, Enter takes", AGAIN = "now the other end";

/** @param {import("./chart.js").Chart} chart */
export function steer(chart) {
  const { canvas } = chart;
  let from = -1;

  /** Point at what is in the middle, with the line to there from the end that is chosen. */
  function point() {
    const { x, y } = chart.view, middle = chart.nearest(x, y);
    chart.drawn = from < 0 ? null : [chart.at(from), chart.at(middle)];
    chart.hint.textContent = from < 0 ? HINT : AGAIN;
    chart.hover(-1);
    chart.hover(middle);
  }

  function take() {
    const middle = chart.hovered, start = from;
    from = chart.join && start < 0 ? middle : -1;
    point();
    if (!chart.join || start === middle) chart.pick(middle);
    else if (start >= 0) chart.join(start, middle);
  }

  canvas.addEventListener("keydown", (event) => {
    const { key } = event, move = MOVES[key], by = ZOOMS[key];
    if (!chart.atlas || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Enter") return take();
    if (move) {
      const { x, y, zoom } = chart.view, step = STEP / chart.scale();
      chart.look(x + step * move[0], y + step * move[1], zoom);
    } else if (by) chart.zoomBy(by);
    else return;
    event.preventDefault();
    point();
  });
  canvas.addEventListener("focus", () => chart.atlas && canvas.matches(":focus-visible") && point());
  canvas.addEventListener("blur", () => {
    from = -1;
    chart.drawn = null;
    chart.hover(-1);
    chart.use(false);
  });
}
