// A feed of the program in an element of the page, for as long as that stands there.

import {useEffect} from "preact/hooks";
import {WhepPlayer} from "../../rtc.js";
import {restarts} from "../../state.js";

/** @import {Signal} from "@preact/signals" */
/** @import {OnState} from "../../connection.js" */

/**
 * @param {{current: HTMLMediaElement | null}} element
 * @param {string} url
 * @param {{onState?: OnState, language?: Signal<string>}} [options] `language`: which interpreter is heard, as of now
 */
export function useFeed(element, url, {onState, language} = {}) {
  useEffect(() => {
    const player = new WhepPlayer(url, {onState});
    const listened = language?.subscribe((code) => player.listen(code));
    void player.start().then((media) => {
      if (element.current) element.current.srcObject = media;
    });
    const before = restarts.peek();
    const restarted = restarts.subscribe((times) => { if (times > before) player.renew(); });
    return () => {
      restarted();
      listened?.();
      player.stop();
    };
  }, [url]);
}
