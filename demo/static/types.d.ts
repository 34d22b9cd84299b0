// What the page's modules add to the browser's own types.
interface Window {
  motionStage: (name: string) => any;
  gradio_config?: { root: string };
}
