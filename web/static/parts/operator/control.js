// Who of several operators has hands on the session; and taking over, knowingly.

import {effect} from "@preact/signals";
import {html} from "htm/preact";
import {operatorView, ready, role, view} from "../../state.js";
import {config, t, timeOfDay} from "../../texts.js";
import {actorName} from "../common/actions.js";
import {send, tell} from "../common/ask.js";
import {ask} from "../common/dialogs.js";
import {Icon} from "../common/icons.js";
import {toast} from "../common/toasts.js";

/** Only where another has it: who is alone need not think of it. */
export function Control() {
  const {control} = operatorView();
  if (!control || role.value !== "operator" || control.seat === config.seat) return null;
  const name = actorName(control.name);
  const take = () => ask({key: "take_control", params: {name}, go: takeOver});
  return html`<div class="control" role="alert" data-testid="control">
    <${Icon} name="warning" /><p>${t("operator.control_other", {name, since: timeOfDay(control.since_at_ms)})}</p>
    <button type="button" class="primary small" disabled=${!ready.value} onClick=${take} data-testid="take-control">${t("operator.control_take")}</button></div>`;
}

async function takeOver() {
  try {
    await send(`/api/v1/sessions/${config.session}/control`, {});
    toast(t("operator.control_mine"));
  } catch (error) {
    tell(error);
  }
}

let had = false;

/** Whoever loses it is told at once. */
effect(() => {
  const now = view.value && "control" in view.value ? view.value.control : undefined;
  const has = now?.seat === config.seat;
  if (had && now && !has) toast(t("operator.control_lost", {name: actorName(now.name)}), "refused");
  had = has;
});
