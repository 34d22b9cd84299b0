// Where a visitor gives a character of their own: a rigged GLB or VRM, and a map where its bones' names say nothing.
import { make } from "../stage/controls.js";
import { wear, worn } from "../stage/own.js";

/** A request that names the session, as Gradio sends forms. @param {Record<string, any>} data */
export const form = (data) => ({ binary: true, data });

/**
 * What is wrong with a file before it is sent.
 * @param {{name: string, size: number}} file
 * @param {{suffixes: string[], most: number}} limits
 */
export function refused({ name, size }, { suffixes, most }) {
  if (!suffixes.some((suffix) => name.toLowerCase().endsWith(suffix))) return `${name}: suffix: a character is a .glb or .vrm: export it as one`;
  if (size > most) return `${name}: size: ${(size / 1e6).toFixed(1)} MB; at most ${most / 1e6} are taken: make its textures smaller`;
  return "";
}

/**
 * @param {HTMLElement} element
 * @param {any} props suffixes, and most: bytes
 * @param {any} _watch
 * @param {any} server
 */
export function mount(element, props, _watch, server) {
  const word = make("p", { class: "told", role: "status" });
  const input = make("input", { type: "file", accept: props.suffixes.join(","), hidden: true, "aria-label": "Your own character" });
  const choose = make("button", { type: "button", class: "own", onclick: () => input.click() });
  const off = make("button", { type: "button", onclick: takeOff }, "Remove it");
  const names = make("textarea", { rows: 8, spellcheck: "false", "aria-label": "Map: part = name of its bone" });
  const map = make("div", { class: "map-of-names", hidden: true }, names, make("button", { type: "button", onclick: () => take(chosen) }, "Use these names"));
  element.querySelector(".host").replaceChildren(make("div", { class: "downloads" }, choose, off, input), word, map);
  /** @type {File | null} */
  let chosen = null;

  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    names.value = "";
    map.hidden = true;
    take(file);
  });

  async function take(file) {
    word.textContent = refused(file, props);
    if (word.textContent) return;
    chosen = file;
    const sent = names.value, send = () => server.put(form({ file, names: sent }));
    choose.disabled = true;
    word.textContent = `reading ${file.name} …`;
    try {
      const found = await send();
      word.textContent = found.reason ?? "";
      if (found.form) {
        word.textContent += " Say which bone is which here, after each =:";
        names.value = found.form;
        map.hidden = false;
      }
      if (found.reason) return;
      map.hidden = true;
      await putOn(file, found, send);
    } catch (error) {
      word.textContent = `That didn't work: ${error.message ?? error}`;
    } finally {
      choose.disabled = false;
    }
  }

  async function putOn(file, { scale, height, notes }, send) {
    // The server may lose it, where the connection was lost or many others came; the page still has it.
    const kept = async (ask) => {
      let found = await ask();
      if (found.gone) {
        await send();
        found = await ask();
      }
      if (found.reason) throw new Error(found.reason);
      return found;
    };
    const fit = async (motions) => (await kept(() => server.fitted(form({ motions: new Blob([JSON.stringify(motions)]) })))).motions;
    const { dispose, read } = await import("../stage/character.js"), old = worn()?.model;
    let model = null;
    try {
      model = await read(await file.arrayBuffer());
    } catch (error) {
      notes = [...notes, `this browser can't draw it (${error.message}), but it can be downloaded`];
    }
    wear({ name: file.name, model, scale, height, fit, kept });
    dispose(old);
    word.textContent = notes.length ? `Note: ${notes.join("; ")}.` : "";
  }

  async function takeOff() {
    const { dispose } = await import("../stage/character.js"), old = worn()?.model;
    wear(null);
    dispose(old);
    await server.remove(form({}));
  }

  const show = () => {
    choose.textContent = `Your own character: ${worn()?.name ?? "GLB or VRM"}`;
    choose.title = worn() ? "Choose another file" : "A rigged figure of yours, which moves in place of the wooden one; only you see it";
    off.hidden = !worn();
    word.textContent = "";
    map.hidden = true;
  };
  document.addEventListener("character", show);
  show();
}
