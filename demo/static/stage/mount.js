// Puts a stage into a gr.HTML component: its value is the scene. Other parts of the page find it by its name.
import { Stage } from "./stage.js";

/** @type {Map<string, Stage>} */
const stages = new Map();
// Gradio's own event handlers are plain scripts, which import nothing.
window.motionStage = (name) => stages.get(name);

/**
 * @param {HTMLElement} element
 * @param {any} props Gradio's
 * @param {(names: string, then: () => void) => void} watch Gradio's
 * @param {any} _server
 * @param {any} _trigger
 * @param {string} root the page's address
 */
export function mount(element, props, watch, _server, _trigger, root) {
  const smpl = document.querySelector("meta[name=motionclip-smpl]")?.getAttribute("content");
  const bodies = { body: root + props.how.body, smpl: smpl ? root + smpl : "" };
  const stage = new Stage(element.querySelector(".host"), { ...props.how, root, ...bodies });
  stages.set(props.how.name, stage);
  const show = async () => {
    if (props.value?.reason) return stage.refuse(props.value.reason);
    if (!props.value?.figures) return;
    try {
      await stage.show(props.value);
    } catch (error) {
      stage.busy(`This can't be shown: ${error.message}`);
    }
  };
  window.addEventListener("offline", () => stage.busySince && stage.refuse("The connection is lost. Try again when it is back."));
  watch("value", show);
  show();
}
