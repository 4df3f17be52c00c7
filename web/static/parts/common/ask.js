// Asking the server outside the live connection; what it refuses comes with its sentence.

import {Refusal, answerOf} from "../../server.js";
import {t} from "../../texts.js";
import {toast} from "./toasts.js";

/**
 * @param {string} path
 * @param {RequestInit} [request]
 * @returns {Promise<any>}
 * @throws {Refusal} with a whole sentence for the user
 */
export async function ask(path, request) {
  try {
    return await answerOf(await fetch(path, request));
  } catch (error) {
    if (error instanceof Refusal && error.message) throw error;
    const code = request?.method ? "unanswered" : "unreachable"; // what was to be done may be done
    throw new Refusal(code, t(`common.${code}`), 0);
  }
}

/** As JSON. @param {string} path @param {object} body @param {string} [method] @throws {Refusal} */
export function send(path, body, method = "POST") {
  return ask(path, {method, headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
}

/** What went wrong, for the reader. @param {unknown} error */
export function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** Tells a refusal. @param {unknown} error */
export function tell(error) {
  toast(wordsOf(error), "refused");
}
