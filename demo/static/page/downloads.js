// The motion as files, each kind made when it is asked for; the video plays at once.
import { make } from "../stage/controls.js";
import { worn } from "../stage/own.js";
import { form } from "./character.js";
import { reached } from "./reached.js";

/**
 * @param {HTMLElement} element
 * @param {any} props value: {token}; kinds: [suffix, name] each
 * @param {(names: string, then: () => void) => void} watch
 * @param {any} server
 * @param {any} _trigger
 * @param {string} root
 */
export function mount(element, props, watch, server, _trigger, root) {
  const word = make("p", { class: "told", role: "status" }), film = make("div", { class: "film" });
  const buttons = props.kinds.map(([suffix, name]) =>
    make("button", { type: "button", "data-kind": suffix, onclick: (event) => take(suffix, event.currentTarget) }, name),
  );
  const mine = make("button", { type: "button", "data-kind": "character", onclick: (event) => take("character", event.currentTarget) }, "On your character");
  element.querySelector(".host").replaceChildren(
    make("div", { class: "downloads" }, make("span", {}, props.what), ...buttons, mine),
    word,
    film,
  );

  async function take(suffix, button) {
    button.disabled = true;
    word.textContent = "being made …";
    try {
      const mine = await token;
      if (!mine) return void (word.textContent = why);
      const place = window.motionStage(props.stage)?.mixed ?? 0;
      const { address, name, reason } = suffix === "character"
        ? await worn().kept(() => reached(server.on_character(form({ token: mine, place }))))
        : await reached(server.take([mine, suffix, place]));
      word.textContent = reason ?? "";
      if (!address) return;
      if (suffix === "mp4") play(root + address, name);
      else make("a", { href: root + address, download: name }).click();
    } catch (error) {
      word.textContent = `That didn't work: ${error.message ?? error}`;
    } finally {
      button.disabled = false;
    }
  }

  function play(address, name) {
    const video = make("video", { src: address, autoplay: true, loop: true, controls: true, playsinline: true, "aria-label": "The motion as a skeleton video" });
    video.muted = true;
    video.addEventListener("loadeddata", () => film.scrollIntoView({ block: "nearest" }));
    film.replaceChildren(
      video,
      make("div", {}, make("a", { href: address, download: name }, "Download the video"), make("button", { type: "button", onclick: () => film.replaceChildren() }, "Close")),
    );
  }

  /** It may still be on its way. @type {string | Promise<string | undefined> | null | undefined} */
  let token = null;
  let why = "";
  /** @param {any} next @param {string} [none] why there is no token */
  const offer = (next, none = "There is no motion yet.") => {
    token = next;
    why = none;
    film.replaceChildren();
    word.textContent = "";
  };
  const dress = () => (mine.hidden = !worn());
  document.addEventListener("character", dress);
  dress();
  watch("value", () => offer(props.value?.token));
  // What other parts of the page put onto the stage.
  document.addEventListener("offer", ({ detail }) => props.offers && detail.stage === props.stage && offer(detail.token, detail.none));
  offer(props.value?.token);
}
