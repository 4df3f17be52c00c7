// The words of web/PROTOCOL.md as types. Nothing here runs.
// What the protocol calls null is missing here: a merge patch (RFC 7396) takes it out of the view.

/** @import {SelfTested} from "./line_types.js" */
/** @import {Departure, Forecast, Limit, PromiseNoted, Thread, TimeUsed, Undo, Unheard} from "./record_types.js" */

/**
 * @typedef {"operator" | "chair" | "clerk" | "viewer" | "site" | "system"} Role
 * @typedef {"prepared" | "live" | "paused" | "ended"} Phase
 * @typedef {"full" | "picture-in-picture" | "side-by-side" | "grid-4" | "grid-9" | "filmstrip"
 *   | "hall-and-speaker" | "slate"} Layout
 * @typedef {"agenda" | "queue" | "lower_third" | "clock" | "live" | "logo"} OverlayName
 * @typedef {"presentation" | "speech" | "debate" | "explanation" | "opening" | "question" | "answer"
 *   | "rebuttal"} RequestKind
 * @typedef {"report" | "discussion" | "questioning" | "explanation" | "other"} ItemKind
 * @typedef {"ok" | "lost" | "none"} Flow
 * @typedef {"ok" | "none" | "denied" | "lost"} Device
 * @typedef {"good" | "fair" | "poor" | "lost"} LineQuality
 * @typedef {"program" | "preview" | "none"} Tally
 */

/** `share` of the picture's width.
 * @typedef {{corner: "top-left" | "top-right" | "bottom-left" | "bottom-right", share: number}} Inset */

/** The sign-language interpreter's box. @typedef {Inset & {site: string}} Signer */

/** `inset` for picture-in-picture. @typedef {{layout: Layout, sources: string[], inset?: Inset}} Scene */

/** @typedef {{kind: "cut" | "dissolve" | "wipe", duration_ms: number}} Transition */

/** What a site is to sharing its screen. @typedef {"none" | "allowed" | "shared"} Sharing */

/** A screen that a site shares. @typedef {{site: string, name: string, tally: Tally}} SharedScreen */

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {string} title
 * @property {string} subtitle
 * @property {Phase} phase
 * @property {number} [started_at_ms]
 * @property {number} [ended_at_ms]
 * @property {number} [planned_start_at_ms]
 * @property {string} [current_item]
 * @property {boolean} closed
 * @property {number} clock_set_ms how far the server's clock was set since the session was prepared
 */

/**
 * A closed item is only `id`, `title`, `closed` and `state` for a site or the public.
 * @typedef {object} AgendaItem
 * @property {string} id
 * @property {string} title
 * @property {ItemKind} [kind]
 * @property {string} [presenter]
 * @property {string} [presenter_id]
 * @property {number} [planned_minutes]
 * @property {boolean} closed
 * @property {string[]} [questioned]
 * @property {PaperDocument[]} [documents]
 * @property {"coming" | "current" | "done" | "left"} state
 * @property {number} [waiting] how many wait on it; for staff, like all that follows
 * @property {number} [used_ms] how long it was the current one, without the stretch since `since_at_ms`
 * @property {number} [since_at_ms]
 * @property {number} [starts_at_ms] as far as agenda and progress tell
 * @property {number} [ends_at_ms]
 */

/** @typedef {{id: string, name: string, size_bytes: number, public: boolean}} PaperDocument */

/** @typedef {{id: string, name: string, title: string, group: string, site: string}} Delegate */

/** @typedef {"picture" | "sound_in" | "sound_out" | "echo" | "line" | "name_plate"} Check */

/** @typedef {{outcome: "ok" | "failed", note: string, at_ms: number}} Checked */

/**
 * @typedef {object} QueueRow
 * @property {string} id
 * @property {string} delegate
 * @property {string} name
 * @property {string} title
 * @property {string} site
 * @property {RequestKind} kind
 * @property {number} registered_at_ms
 * @property {"waiting" | "called"} state
 * @property {string} [answers_to]
 * @property {number} limit_ms
 * @property {number} spoken how often they had such a turn in this item
 * @property {boolean} moved the chair gave it another place
 * @property {boolean} next
 */

/**
 * Whom "call the next" would call; an answer may be due that nobody registered.
 * @typedef {object} Upcoming
 * @property {string} [request]
 * @property {string} delegate
 * @property {string} name
 * @property {string} title
 * @property {string} site
 * @property {RequestKind} kind
 * @property {number} limit_ms
 * @property {number} spoken
 * @property {number} opens_round how many questioners the call brings into a new round; 0 for none
 */

/**
 * @typedef {object} Floor
 * @property {string} turn
 * @property {string} [request] missing if nothing was registered
 * @property {string} delegate
 * @property {string} name
 * @property {string} title
 * @property {string} site
 * @property {RequestKind} kind
 * @property {number} started_at_ms
 * @property {number} limit_ms
 * @property {number} [paused_at_ms]
 * @property {number} paused_ms
 * @property {number} warn_ms the clock warns when this much is left
 */

/** @typedef {{request: string, name: string, answered: boolean}} Question */

/**
 * @typedef {object} Round
 * @property {number} number
 * @property {(Question & {state: "waiting" | "called" | "heard" | "withdrawn" | "absent"})[]} questions
 */

/**
 * @typedef {object} Site
 * @property {string} id
 * @property {number} place among the sites, from 0
 * @property {string} name
 * @property {"hall" | "district"} kind
 * @property {Language | null} booth an interpreter sits there
 * @property {boolean} present
 * @property {boolean} page its page is open
 * @property {Flow} video
 * @property {Flow} audio
 * @property {boolean} microphone_open
 * @property {boolean} put_out outside the door of a closed room
 * @property {Tally} tally
 * @property {LineQuality} [line]
 * @property {number} [rtt_ms]
 * @property {number} [loss_percent]
 * @property {number} [bitrate_bps]
 * @property {string} [codec]
 * @property {string} [size]
 * @property {"standby" | "preview" | "on_air"} [quality]
 * @property {string} [wished] the size asked for
 * @property {Device} [camera]
 * @property {Device} [microphone]
 * @property {"good" | "fair" | "poor" | "none"} [line_tested] before it joined
 * @property {SelfTested} [self_test]
 * @property {number} [test_asked_at_ms]
 * @property {boolean} talked_to by an operator, alone
 * @property {{connected: boolean, detail: string}} [fetched] a camera of the settings
 * @property {boolean} speaking somebody speaks there, heard or not
 * @property {boolean} noise_suppressed
 * @property {number} sound_later_ms beside its picture than it comes; negative: the picture is held back
 * @property {("black" | "frozen" | "silent")[]} signs what is wrong although it comes
 * @property {Sharing} screen
 */

/** @typedef {{code: string, name: string}} Language `code`: BCP 47 */

/** @typedef {"film" | "sound" | "slides" | "countdown"} ClipKind */

/**
 * @typedef {object} PlayerFile
 * @property {string} name
 * @property {ClipKind} kind
 * @property {number} bytes
 * @property {number | null} gain_db what brings it to the program's loudness; null until it was looked at
 * @property {boolean} silent there is nothing to hear in it
 * @property {"" | "unreadable" | "too_large"} fault why it cannot be played; empty until it was looked at
 */

/**
 * What is in the media player.
 * @typedef {object} Clip
 * @property {number} number another at each load
 * @property {ClipKind} kind
 * @property {string} file
 * @property {string} title
 * @property {number} page from 1
 * @property {number} pages 0 for what has none
 * @property {number} position_ms where it stands; while it runs, where it stood at `started_at_ms`
 * @property {number} [started_at_ms] since when it runs
 * @property {number} duration_ms 0 if unknown
 * @property {boolean} loop
 * @property {boolean} sound
 * @property {boolean} withheld it was loaded in a closed item
 * @property {boolean} ready
 * @property {"" | "missing" | "unreadable" | "too_large" | "crashes"} fault
 * @property {Tally} tally
 */

/**
 * @typedef {object} Outputs
 * @property {"running" | "starting" | "lost" | "detached"} studio
 * @property {boolean} recording
 * @property {boolean} sealing what is closed is being kept apart
 * @property {number} recorded_s
 * @property {number} recorded_bytes
 * @property {number} disk_free_bytes
 * @property {number} [disk_hours_left]
 * @property {number} viewers
 * @property {number} late_frames
 * @property {number} frames
 * @property {Push[]} pushes
 */

/** @typedef {{name: string, state: "connecting" | "sending" | "waiting", detail: string,
 *   why: string, retry_s: number}} Push */

/** @typedef {{code: string, message: string, since_at_ms: number, site?: string}} Alarm */

/**
 * The room is closed (họp kín).
 * @typedef {object} ClosedPart
 * @property {number} since_at_ms
 * @property {string} by
 * @property {string[]} staying sites
 * @property {string} asked_by
 * @property {number} [confirm_until_ms] somebody asked to open it; until then it can be confirmed
 */

/**
 * What all see who lead the session or write it down.
 * @typedef {object} DeskView
 * @property {Session} session
 * @property {AgendaItem[]} agenda
 * @property {Delegate[]} delegates
 * @property {QueueRow[]} queue in calling order, of the current item
 * @property {Upcoming} [next]
 * @property {Floor} [floor]
 * @property {Round} [round]
 * @property {Question[]} [questions] what an answer or a rebuttal can be about
 * @property {RequestKind[]} kinds what the current item hears
 * @property {Record<string, Pick<Site, "id" | "place" | "name" | "kind" | "present" | "screen">>} sites by id
 * @property {{disk_hours_left?: number}} outputs
 * @property {ClosedPart} [closed_part]
 * @property {Undo} [undo]
 * @property {(SharedScreen & {video: Flow, size?: string})[]} screens that are shared
 * @property {Limit[]} limits of the kinds that the current item hears
 * @property {Forecast} [forecast]
 * @property {TimeUsed} time_used
 * @property {Departure[]} departures
 * @property {Unheard[]} not_heard
 * @property {Thread[]} threads
 * @property {PromiseNoted[]} promises
 */

/** Called in the current item, and not there.
 * @typedef {{request: string, delegate: string, name: string, site: string, kind: RequestKind,
 *   answers_to?: string}} Absent */

/** Who was called up at the roll call, by delegate. @typedef {Record<string, {present: boolean, reason: string}>} Roll */

/** What the chair sees. @typedef {DeskView & {absent: Absent[], roll: Roll}} ChairView */

/**
 * Who spoke when, as the clerk corrected it.
 * @typedef {object} Spoken
 * @property {string} turn
 * @property {string} delegate
 * @property {string} name
 * @property {string} title
 * @property {string} site
 * @property {RequestKind} kind
 * @property {string} item
 * @property {number} started_at_ms
 * @property {number} [ended_at_ms] missing while it runs
 * @property {number} [used_ms] without breaks; missing while it runs
 * @property {boolean} corrected
 * @property {string} reason
 */

/** @typedef {{id: string, kind: "note" | "decision", text: string, item?: string, at_ms: number}} Note */

/** @typedef {{id: string, text: string, at_ms: number, public?: boolean}} Caption */

/** A line of chat; without `site` to all.
 * @typedef {{id: string, site?: string, from_site: boolean, author: string, text: string, at_ms: number}} Message */

/** What the clerk sees.
 * @typedef {DeskView & {turns: Spoken[], notes: Note[], captions: Caption[], roll: Roll}} ClerkView */

/** An item as a wall shows it: of a closed one only that it is closed.
 * @typedef {{number: number, title: string, closed: boolean, kind?: ItemKind,
 *   questioned?: {name: string, title: string}[]}} WallItem */

/**
 * What the screen in the hall sees.
 * @typedef {object} DisplayView
 * @property {Session} session
 * @property {WallItem} [item]
 * @property {WallItem} [coming] the next one
 * @property {Floor & {site_name: string}} [floor]
 * @property {Round} [round]
 * @property {{name: string, title: string, kind: RequestKind, site_name: string}[]} [upcoming]
 */

/**
 * What the control panel sees beyond that.
 * @typedef {object} PanelView
 * @property {Record<string, Site>} sites by id
 * @property {Scene} program
 * @property {Scene} preview
 * @property {Signer} [signer]
 * @property {Clip} [player]
 * @property {Record<OverlayName, boolean>} overlays
 * @property {Outputs} outputs
 * @property {Alarm[]} alarms
 * @property {{seat: string, name: string, since_at_ms: number}} [control] which operator has hands on it
 * @property {Message[]} messages
 * @property {number} [rehearsed_at_ms]
 * @property {Record<string, Partial<Record<Check, Checked>>>} checks
 */

/**
 * What a site is to the session.
 * @typedef {object} Me
 * @property {string} site
 * @property {string} name
 * @property {{id: string, name: string, title: string}[]} delegates
 * @property {"program" | "preview" | "next" | "none"} tally
 * @property {boolean} microphone_open
 * @property {Language | null} booth an interpreter sits here
 * @property {boolean} [signs] seen in the sign-language interpreter's box
 * @property {boolean} put_out outside the door of a closed room: nothing is sent either way
 * @property {boolean} talked_to by an operator, alone
 * @property {"moving" | "stills" | "sound"} [feed] what of the session's picture the line has room for
 * @property {{id: string, delegate: string, kind: RequestKind, state: "waiting" | "called",
 *   place: number}[]} requests
 * @property {RequestKind[]} may_ask
 * @property {Sharing} screen
 * @property {number} [test_asked_at_ms] when the control room asked this page to test itself
 */

/**
 * What a site sees.
 * @typedef {object} SiteView
 * @property {Session} session
 * @property {AgendaItem[]} agenda
 * @property {Floor} [floor]
 * @property {{id: string, name: string, kind: RequestKind, state: string}[]} queue
 * @property {Question[]} [questions]
 * @property {Me} me
 * @property {Message[]} messages
 * @property {Caption} [caption]
 * @property {SharedScreen[]} screens
 * @property {Language[]} languages into which is interpreted
 */

/**
 * What the public sees.
 * @typedef {object} PublicView
 * @property {Session} session
 * @property {AgendaItem[]} agenda
 * @property {Floor} [floor]
 * @property {number} viewers
 * @property {Caption} [caption]
 * @property {Language[]} languages into which is interpreted
 */

/** @typedef {Omit<DeskView, "sites" | "outputs"> & PanelView} OperatorView */

/** @typedef {OperatorView | ChairView | ClerkView | DisplayView | SiteView | PublicView} View */

/** @typedef {{type: string, [field: string]: unknown}} Command */

/**
 * The settings that the server puts into a page (`#config`).
 * @typedef {object} Config
 * @property {string} page
 * @property {string} build what the page was made of
 * @property {"vi" | "en"} language
 * @property {string} time_zone the council's, by its IANA name
 * @property {string | null} session
 * @property {boolean} turn whether there are TURN servers
 * @property {boolean} plays whether there is something to play: live, or recorded
 * @property {boolean} [retired] playback's: the recording was taken off this server
 * @property {string | null} session_title
 * @property {string} [site_name] of the page of a site
 * @property {string | null} site
 * @property {boolean} [has_camera] of the page of a site: the server fetches its picture and sound elsewhere
 * @property {boolean} [over] of the page of a site and of playback: the session has ended
 * @property {Role} role the strongest of `roles`
 * @property {Role[]} roles
 * @property {string} name of who is signed in, or empty
 * @property {string} seat this browser, where it is signed in
 * @property {boolean} account whether with a password, not a link
 * @property {boolean} admin whether they may manage accounts
 * @property {boolean} may_audit whether they may read the whole audit
 * @property {boolean} [may_create] whether the reader may make sessions
 * @property {string} [next] where to go after signing in
 * @property {boolean} [lacks] what one signed in with does not open that
 * @property {string} [code] of an error
 * @property {string} [message] of an error, or why one is signed out
 * @property {number} [status] of the answer that brought the page
 * @property {number} [retry_after_s] of an error that passes: when to ask again
 */

export {};
