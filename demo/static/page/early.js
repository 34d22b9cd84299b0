// Stands in the page's head: Enter in the prompt's box and its button, pressed before answer.js is there, which then asks.
{
  const waits = new AbortController(), how = { capture: true, signal: waits.signal };
  const button = () => document.querySelector("#generate");
  const press = () => button()?.setAttribute("aria-busy", "true");

  document.addEventListener("click", ({ target }) => target.closest?.("#generate") && press(), how);
  document.addEventListener("keydown", ({ key, target, shiftKey, isComposing }) => {
    if (key === "Enter" && !shiftKey && !isComposing && target.closest?.("#prompt")) press();
  }, how);

  /** Whether it was pressed; from now on whoever calls this answers. */
  window.requestedEarly = () => {
    waits.abort();
    const pressed = button()?.getAttribute("aria-busy") === "true";
    button()?.removeAttribute("aria-busy");
    return pressed;
  };
}
