// Asking the server outside the live connection; what it refuses comes with its sentence.

import {Refusal, answerOf} from "../../server.js";
import {t} from "../../texts.js";
import {toast} from "../common/toasts.js";

/**
 * @param {string} path
 * @param {RequestInit} [request]
 * @returns {Promise<any>}
 * @throws {Refusal} with a whole sentence for the user
 */
export async function ask(path, request = {}) {
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new Refusal("unreachable", t("common.unreachable"), 0);
  }
  return answerOf(response);
}

/** As JSON. @param {string} path @param {object} body @param {string} [method] @throws {Refusal} */
export function send(path, body, method = "POST") {
  return ask(path, {method, headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
}

/** Tells a refusal. @param {unknown} error */
export function tell(error) {
  toast(error instanceof Error && error.message ? error.message : t("common.unreachable"), "refused");
}
