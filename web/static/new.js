// A new session: of which kind, with whom, what it is called. Then its editor.

import {html} from "htm/preact";
import {signal} from "@preact/signals";
import {moment, shortDate, t} from "./texts.js";
import {show} from "./parts/common/page.js";
import {Head} from "./parts/common/head.js";
import {Dialog} from "./parts/common/dialogs.js";
import {Toasts, toast} from "./parts/common/toasts.js";
import {ask, send, tell} from "./parts/common/ask.js";
import {StartField} from "./parts/prepare/start.js";

/** @typedef {{id: string, name: string, title: string, subtitle: string, sites: number, delegates: number,
 *   items: number}} Source */
/** @typedef {{kinds: {id: string, title: string, items: string[]}[], presets: Source[], templates: Source[]}} Told */
/** @typedef {{id: string, title: string, subtitle: string, started_at_ms: number | null}} Past */

/** @type {import("@preact/signals").Signal<Told | undefined>} */
const told = signal(undefined);
/** @type {import("@preact/signals").Signal<Past[]>} */
const past = signal([]);
const kind = signal("questioning");
/** `kind:id`, or "hall". */
const source = signal(location.hash.startsWith("#session:") ? location.hash.slice(1) : "preset:dien_bien_2025");
const keepAgenda = signal(location.hash.startsWith("#session:"));
/** What was typed; until then the kind's own title stands. @type {import("@preact/signals").Signal<string | undefined>} */
const title = signal(undefined);
const busy = signal(false);
/** @type {import("@preact/signals").Signal<Source | undefined>} */
const removing = signal(undefined);

async function load() {
  try {
    told.value = await ask("/api/v1/templates");
    past.value = (await ask("/api/v1/sessions")).sessions;
  } catch (error) {
    tell(error);
  }
}

/** @param {SubmitEvent} event */
async function create(event) {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const [of = "hall", id = ""] = source.value.split(":");
  const start = String(form.get("start") ?? "");
  busy.value = true;
  try {
    const made = await send("/api/v1/sessions", {
      title: form.get("title"),
      subtitle: form.get("subtitle") ?? "",
      source: {kind: of, id},
      ...(start ? {planned_start_at_ms: moment(start)} : {}),
      ...(hasAgenda() && keepAgenda.value ? {} : {kind: kind.value}),
    });
    location.assign(made.next);
  } catch (error) {
    busy.value = false;
    tell(error);
  }
}

/** Whether the source brings an agenda that could be kept. */
function hasAgenda() {
  const [of, id] = source.value.split(":");
  if (of === "session") return true;
  const found = [...(told.value?.presets ?? []), ...(told.value?.templates ?? [])].find((one) => one.id === id);
  return (found?.items ?? 0) > 0;
}

function Page() {
  const all = told.value;
  if (!all) return html`<p class="waiting" role="status">${t("connection.connecting")}</p><${Toasts} />`;
  const chosen = all.kinds.find((one) => one.id === kind.value);
  return html`<${Head} />
    <main class="new-session"><h1>${t("new.title")}</h1>
    <form onSubmit=${create}>
      <fieldset class="panel"><legend>${t("new.kind")}</legend><div class="cards">
        ${all.kinds.map((one) => html`<${Card} group="kind" value=${one.id} chosen=${kind} title=${t(`new.kind_${one.id}`)}
          note=${t(`new.kind_${one.id}_note`)} />`)}</div></fieldset>
      <fieldset class="panel"><legend>${t("new.source")}</legend><div class="cards wide">
        ${all.presets.map((one) => html`<${Card} group="source" value=${`preset:${one.id}`} chosen=${source} title=${one.name}
          note=${counts(one)} />`)}
        <${Card} group="source" value="hall" chosen=${source} title=${t("new.hall")} note=${t("new.hall_note")} />
        ${all.templates.map((one) => html`<${Card} group="source" value=${`template:${one.id}`} chosen=${source}
          title=${t("new.template", {name: one.name})} note=${counts(one)} onRemove=${() => { removing.value = one; }} />`)}</div>
        ${past.value.length > 0 && html`<label class="field">${t("new.copy")}
          <select data-testid="copy" value=${source.value} onChange=${(/** @type {Event} */ event) => {
            source.value = /** @type {HTMLSelectElement} */ (event.target).value;
          }}><option value=${source.value.startsWith("session:") ? "hall" : source.value}>${t("new.copy_none")}</option>
          ${past.value.map((one) => html`<option value=${`session:${one.id}`} selected=${source.value === `session:${one.id}`}>${[one.title, date(one.started_at_ms)].filter(Boolean).join(" · ")}</option>`)}
          </select></label>`}
        ${hasAgenda() && html`<label class="check"><input type="checkbox" checked=${keepAgenda.value} data-testid="keep-agenda"
          onChange=${() => { keepAgenda.value = !keepAgenda.value; }} /> ${t("new.keep_agenda")}</label>`}
      </fieldset>
      <fieldset class="panel names"><legend>${t("new.about")}</legend>
        <label class="field">${t("prepare.session_title")}<input name="title" required maxlength="300" data-testid="new-title"
          value=${title.value ?? chosen?.title ?? ""} onInput=${(/** @type {Event} */ event) => {
            title.value = /** @type {HTMLInputElement} */ (event.target).value;
          }} /></label>
        <label class="field">${t("prepare.subtitle")}<input name="subtitle" maxlength="300" placeholder=${t("prepare.subtitle_hint")} /></label>
        <${StartField} />
      </fieldset>
      <footer class="actions"><a class="button" href="/">${t("common.cancel")}</a>
        <button class="primary big" disabled=${busy.value} data-testid="create">${t("new.create")}</button></footer>
    </form></main><${RemoveTemplate} /><${Toasts} />`;
}

/** One choice. @param {{group: string, value: string, chosen: import("@preact/signals").Signal<string>, title: string,
 *   note: string, onRemove?: () => void}} props */
function Card({group, value, chosen, title, note, onRemove}) {
  return html`<div class="card"><label data-chosen=${chosen.value === value} data-testid=${`${group}-${value}`}>
    <input type="radio" name=${group} value=${value} checked=${chosen.value === value}
      onChange=${() => { chosen.value = value; }} /><span><b>${title}</b><small class="muted">${note}</small></span></label>
    ${onRemove && html`<button type="button" class="plain" onClick=${onRemove}>${t("new.remove_template")}</button>`}</div>`;
}

function RemoveTemplate() {
  const one = removing.value;
  if (!one) return null;
  const close = () => { removing.value = undefined; };
  const go = async () => {
    close();
    try {
      await send(`/api/v1/templates/${one.id}`, {}, "DELETE");
      if (source.value === `template:${one.id}`) source.value = "hall";
      toast(t("new.template_removed", {name: one.name}));
    } catch (error) {
      tell(error);
    }
    await load();
  };
  return html`<${Dialog} label=${t("new.remove_template")} onClose=${close} testid="remove-template">
    <h2>${t("new.remove_template_ask", {name: one.name})}</h2><p>${t("new.remove_template_note")}</p>
    <footer><button type="button" onClick=${close} autofocus>${t("common.cancel")}</button>
      <button type="button" class="danger" onClick=${go}>${t("new.remove_template")}</button></footer><//>`;
}

/** @param {Source} one */
function counts({sites, delegates, items}) {
  return t("new.counts", {sites, delegates, items});
}

/** @param {number | null} atMs */
function date(atMs) {
  return atMs ? shortDate(atMs) : "";
}

show(Page);
void load();
