// Questions to the server, each answered with what it told or with its sentence.

import {t} from "../../texts.js";

/**
 * @param {string} path
 * @param {object} [body] of a POST; without it, a GET
 * @returns {Promise<any>} rejects with an Error whose message is for the reader
 */
export async function ask(path, body) {
  const options = body && {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)};
  let answer;
  let told;
  try {
    answer = await fetch(path, options);
    told = await answer.json();
  } catch {
    throw new Error(t("common.unreachable"));
  }
  if (!answer.ok) throw Object.assign(new Error(told.error.message), {code: told.error.code});
  return told;
}
