// Puts a stage into a gr.HTML component: its value is the scene. Other parts of the page find it by its name.
import { Stage } from "./stage.js";

/** @type {Map<string, Stage>} */
const stages = new Map();
// Gradio's own event handlers are plain scripts, which import nothing.
window.motionStage = (name) => stages.get(name);

/**
 * A stage of its own.
 * @param {any} host
 * @param {any} how what Python's `stage` says of it
 * @param {string} root the page's address
 */
export function stageIn(host, how, root) {
  const smpl = document.querySelector("meta[name=motionclip-smpl]")?.getAttribute("content");
  return new Stage(host, { ...how, root, body: root + how.body, smpl: smpl ? root + smpl : "" });
}

/** Show a scene, or say on the stage why not. @param {Stage} stage @param {any} scene */
export async function present(stage, scene) {
  try {
    await stage.show(scene);
  } catch (error) {
    stage.refuse(`This can't be shown: ${error.message}`);
  }
}

/** The stage that opening.js has made while Gradio started, in its place now; or null. @param {Element} host @param {string} name */
function opened(host, name) {
  const stage = window.openingStage;
  if (stage?.how.name !== name) return null;
  window.openingStage = null;
  stage.calm = 1;
  host.replaceChildren(stage.root);
  document.querySelector("#opening").remove();
  return stage;
}

/**
 * @param {HTMLElement} element
 * @param {any} props Gradio's
 * @param {(names: string, then: () => void) => void} watch Gradio's
 * @param {any} _server
 * @param {any} _trigger
 * @param {string} root the page's address
 */
export function mount(element, props, watch, _server, _trigger, root) {
  const host = element.querySelector(".host"), { name } = props.how;
  const stage = opened(host, name) ?? stageIn(host, props.how, root);
  stages.set(name, stage);
  const show = () => {
    if (props.value?.reason) return stage.refuse(props.value.reason);
    if (!props.value?.figures || props.value.number === stage.wanted?.number) return;
    present(stage, props.value);
  };
  window.addEventListener("offline", () => stage.busySince && stage.refuse("The connection is lost. Try again when it is back."));
  watch("value", show);
  show();
  // It may move already.
  stage.tell();
}
