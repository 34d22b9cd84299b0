// The first tab's stage, made while Gradio still starts; mount.js takes it to its place there.
import { present, stageIn } from "../stage/mount.js";

const CALM = 2; // the figure leaves Gradio time to start

/** Gradio does the same, later. */
function dress() {
  const theme = new URLSearchParams(location.search).get("__theme");
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.body.classList.toggle("dark", dark);
}

// It is gone where Gradio was sooner.
const opening = document.querySelector("#opening"), config = window.gradio_config;
const elsewhere = /[?&#]tab=(?!text\b)/.test(location.search + location.hash);
const props = config?.components?.map((component) => component.props).find(({ elem_id: id }) => id === opening?.dataset.stage);
if (opening && props?.value && !elsewhere) {
  dress();
  window.openingStage = stageIn(opening.querySelector(".place"), props.props.how, `${config.root.replace(/\/$/, "")}/`);
  window.openingStage.calm = CALM;
  present(window.openingStage, props.value);
} else {
  opening?.remove();
}
