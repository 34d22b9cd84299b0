// What the page's modules add to the browser's own types, and what they find by selectors of their own.
interface Window {
  motionStage: (name: string) => any;
  openingStage?: any;
  requestedEarly?: () => boolean;
  gradio_config?: { root: string; components?: { props: any }[] };
}
interface Element {
  value: any;
  dataset: DOMStringMap;
  click(): void;
  stage?: any;
}
interface EventTarget {
  closest?(selector: string): Element | null;
  value?: any;
}
interface Event {
  detail?: any;
}
