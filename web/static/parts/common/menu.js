// A small menu behind "…", in the top layer so that no scrolling list cuts it off.

import {html} from "htm/preact";
import {useRef} from "preact/hooks";
import {Icon} from "./icons.js";

/** @param {{id: string, label: string, icon?: string, text?: any, children?: any}} props */
export function Menu({id, label, icon = "more", text, children}) {
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const opened = (/** @type {ToggleEvent} */ event) => {
    if (event.newState === "open" && list.current && button.current) place(list.current, button.current);
  };
  const close = (/** @type {Event} */ event) => {
    if (event.target instanceof Element && event.target.closest("button, a")) list.current?.hidePopover();
  };
  return html`<button type="button" class=${text ? "small" : "icon-only plain"} ref=${button}
      popovertarget=${id} aria-label=${label} title=${label} data-testid=${id}>
      <${Icon} name=${icon} />${text}</button>
    <div id=${id} class="menu" popover="auto" ref=${list} onToggle=${opened} onClick=${close}>${children}</div>`;
}

/** Below its button, ends flush; above it where there is no room. @param {HTMLElement} list @param {HTMLElement} button */
function place(list, button) {
  const at = button.getBoundingClientRect();
  const {width, height} = list.getBoundingClientRect();
  const below = at.bottom + 4;
  list.style.top = `${below + height < innerHeight ? below : Math.max(8, at.top - height - 4)}px`;
  list.style.left = `${Math.max(8, at.right - width)}px`;
}
