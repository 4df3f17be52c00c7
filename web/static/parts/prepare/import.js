// A whole list at once: from Excel, from CSV, or pasted. Read first, looked at, then taken over: all or nothing.

import {signal} from "@preact/signals";
import {html} from "htm/preact";
import {operatorView, ready} from "../../state.js";
import {t} from "../../texts.js";
import {act} from "../common/actions.js";
import {toast} from "../common/toasts.js";
import {ask, tell} from "../common/ask.js";

/** @typedef {"sites" | "delegates" | "items"} What */
/** @typedef {{columns: Record<string, string>, rows: Record<string, any>[], notes: string[],
 *   faults: {line: number | null, message: string}[]}} Reading */

const PREVIEWED = 6;

/** What was read last, and of which list. @type {import("@preact/signals").Signal<{what: What, name: string, reading: Reading} | undefined>} */
const read = signal(undefined);
const busy = signal(false);
const replace = signal(false);

/** @param {What} what @param {Blob | string} body @param {string} name */
async function readIn(what, body, name) {
  busy.value = true;
  try {
    const reading = await ask(`/api/v1/sessions/${operatorView().session.id}/import/${what}`, {method: "POST", body});
    read.value = {what, name, reading};
  } catch (error) {
    read.value = undefined;
    tell(error);
  } finally {
    busy.value = false;
  }
}

/** @param {{what: What}} props */
export function ImportBox({what}) {
  const file = (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const [chosen] = input.files ?? [];
    if (chosen) void readIn(what, chosen, chosen.name).then(() => { input.value = ""; });
  };
  const paste = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const text = new FormData(/** @type {HTMLFormElement} */ (event.target)).get("text");
    if (text) void readIn(what, String(text), t("import.pasted"));
  };
  const mine = read.value?.what === what ? read.value : undefined;
  return html`<details class="import" open=${Boolean(mine)}><summary data-testid=${`import-${what}`}>${t("import.title")}</summary>
    <p class="muted">${t(`import.help_${what}`)}</p>
    <div class="ways"><label class="button" aria-busy=${busy.value}>${t(busy.value ? "import.reading" : "import.choose_file")}
        <input type="file" class="hidden-visually" accept=".xlsx,.csv,.txt,.tsv" disabled=${busy.value} onChange=${file} data-testid=${`import-file-${what}`} /></label>
      <form onSubmit=${paste}><label class="field">${t("import.paste")}<textarea name="text" rows="3" required></textarea></label>
        <button disabled=${busy.value} data-testid=${`import-paste-${what}`}>${t("import.read_pasted")}</button></form></div>
    ${mine && html`<${Result} what=${what} name=${mine.name} reading=${mine.reading} />`}
  </details>`;
}

/** @param {{what: What, name: string, reading: Reading}} props */
function Result({what, name, reading}) {
  const {rows, faults, notes, columns} = reading;
  const close = () => { read.value = undefined; };
  if (faults.length) {
    return html`<div class="notice bad" role="alert" data-testid="import-faults"><p><b>${t("import.not_taken", {name, count: faults.length})}</b></p>
      <ol class="faults">${faults.map(({line, message}) => html`<li>${line !== null && html`<b class="numbers">${t("import.line", {line})}</b> `}${message}</li>`)}</ol>
      <p>${t("import.mend")}</p><div class="form-buttons"><button type="button" onClick=${close}>${t("common.close")}</button></div></div>`;
  }
  const fields = Object.keys(columns);
  return html`<div class="notice good" role="status" data-testid="import-result">
    <p><b>${t("import.found", {name, count: rows.length})}</b></p>
    ${notes.map((note) => html`<p>${note}</p>`)}
    <div class="scrolled"><table><thead><tr><th></th>${fields.map((field) => html`<th scope="col">${t(`import.field_${field}`)}
      ${columns[field] && html`<small class="muted"> ← ${columns[field]}</small>`}</th>`)}</tr></thead>
      <tbody>${rows.slice(0, PREVIEWED).map((row) => html`<tr><td class="muted numbers">${row["line"]}</td>
        ${fields.map((field) => html`<td>${shown(row, field)}</td>`)}</tr>`)}</tbody></table></div>
    ${rows.length > PREVIEWED && html`<p class="muted">${t("import.and_more", {count: rows.length - PREVIEWED})}</p>`}
    <label class="check"><input type="checkbox" checked=${replace.value} onChange=${() => { replace.value = !replace.value; }} /> ${t(`import.replace_${what}`)}</label>
    <div class="form-buttons"><button type="button" onClick=${close}>${t("common.cancel")}</button>
      <button type="button" class="primary" disabled=${!ready.value} data-testid="import-do" onClick=${() => void takeOver(what, rows)}>
        ${t("import.do", {count: rows.length})}</button></div></div>`;
}

/** @param {Record<string, any>} row @param {string} field */
function shown(row, field) {
  const {sites, delegates} = operatorView();
  const nameOf = (/** @type {string} */ id) => delegates.find((one) => one.id === id)?.name ?? id;
  switch (field) {
    case "site": return sites[row["site"]]?.name ?? "";
    case "minutes": return row["planned_minutes"] || "";
    case "kind": return t(`item.${row["kind"]}`);
    case "presenter": return row["presenter"] ? nameOf(row["presenter"]) : "";
    case "questioned": return row["questioned"].map(nameOf).join(", ");
    case "closed": return row["closed"] ? t("common.closed_item") : "";
    case "family": case "unit": return "…";
    default: return row[field];
  }
}

/** @param {What} what @param {Record<string, any>[]} rows */
async function takeOver(what, rows) {
  const list = rows.map(({line, ...row}) => row);
  if (!(await act({type: "import_rows", [what]: list, replace: replace.value}))) return;
  read.value = undefined;
  replace.value = false;
  toast(t("import.done", {count: rows.length}));
}
