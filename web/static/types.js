// The words of web/PROTOCOL.md as types. Nothing here runs.
// What the protocol calls null is missing here: a merge patch (RFC 7396) takes it out of the view.

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
 * @property {"coming" | "current" | "done"} state
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
 * @property {string} name
 * @property {"hall" | "district"} kind
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
 * @property {("black" | "frozen" | "silent")[]} signs what is wrong although it comes
 * @property {Sharing} screen
 */

/**
 * What comes from a site.
 * @typedef {object} LineUp
 * @property {string} [codec]
 * @property {string} [size]
 * @property {number} fps
 * @property {number} bitrate_bps
 * @property {number} loss_percent
 * @property {number} [rtt_ms]
 * @property {number} [jitter_ms]
 * @property {QualityWish & {size: string}} [wish]
 */

/**
 * What goes back to a site.
 * @typedef {object} LineDown
 * @property {number} [height] missing: no picture
 * @property {boolean} stills
 * @property {"whole" | "thin"} sound
 * @property {number} [estimate_bps]
 * @property {number} sent_bps
 * @property {number} loss_percent
 * @property {number} [rtt_ms]
 * @property {number} frames_dropped
 */

/** Columns of equally long steps, the present one last; null: unknown.
 * @typedef {Record<"rtt_ms" | "up_loss" | "down_loss" | "up_bps" | "down_bps", (number | null)[]>
 *   & {step_ms: number, ends_at_ms: number, line: (LineQuality | null)[]}} LineHistory
 */

/**
 * All that is known of a site's line.
 * @typedef {object} LineReport
 * @property {LineQuality} line
 * @property {number} [since_at_ms]
 * @property {LineUp} [up]
 * @property {LineDown} [down]
 * @property {LineTested} [test]
 * @property {LineHistory} history
 */

/** @typedef {"film" | "sound" | "slides" | "countdown"} ClipKind */

/**
 * @typedef {object} PlayerFile
 * @property {string} name
 * @property {ClipKind} kind
 * @property {number} bytes
 * @property {number | null} gain_db what brings it to the program's loudness; null until it was measured
 * @property {boolean} silent there is nothing to hear in it
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
 * @property {"" | "missing" | "unreadable" | "crashes"} fault
 * @property {Tally} tally
 */

/**
 * @typedef {object} Outputs
 * @property {"running" | "starting" | "lost"} studio
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

/** What one press takes back: the command's type and whom or what it was about.
 * @typedef {{act: number, what: string, name: string, until_ms: number}} Undo */

/** Of a kind, the first time: as it is now, and by the rules.
 * @typedef {{kind: RequestKind, limit_ms: number, rule_ms: number, article: string}} Limit */

/** `unplanned` items to come have no planned time.
 * @typedef {{ends_at_ms: number, late_ms: number, unplanned: number}} Forecast */

/** @typedef {{turns: number, used_ms: number}} Used */

/**
 * Of turns that have ended.
 * @typedef {object} TimeUsed
 * @property {(Used & {delegate: string, name: string, group: string, site: string})[]} delegates
 * @property {(Used & {name: string})[]} groups "" for those without one
 * @property {(Used & {site: string})[]} sites
 */

/**
 * The chair departed from what the rules say by themselves.
 * @typedef {object} Departure
 * @property {number} at_ms
 * @property {"moved" | "out_of_order" | "extended" | "limit"} kind
 * @property {string} [item] missing: the whole session
 * @property {string} name
 * @property {RequestKind} [request_kind]
 * @property {number} [limit_ms] missing for a limit: the rules hold again
 * @property {number} [before_ms]
 */

/**
 * Who registered and was not heard.
 * @typedef {object} Unheard
 * @property {string} request
 * @property {string} delegate
 * @property {string} name
 * @property {string} title
 * @property {string} group
 * @property {string} site
 * @property {string} item
 * @property {RequestKind} kind
 * @property {number} registered_at_ms
 * @property {boolean} absent called, and not there
 */

/** @typedef {{turn: string, delegate: string, name: string, started_at_ms: number, ended_at_ms?: number}} ThreadTurn */

/**
 * A question, and what came of it.
 * @typedef {object} Thread
 * @property {string} question
 * @property {string} item
 * @property {string} delegate
 * @property {string} name
 * @property {"waiting" | "called" | "heard" | "absent" | "asked" | "answered"} state
 * @property {number} [asked_at_ms]
 * @property {ThreadTurn[]} answers
 * @property {ThreadTurn[]} debates
 * @property {string[]} waiting names of who waits to debate
 * @property {string[]} promises ids
 */

/**
 * What somebody promised in an answer.
 * @typedef {object} PromiseNoted
 * @property {string} id
 * @property {string} text
 * @property {string} delegate
 * @property {string} name
 * @property {string} [item]
 * @property {string} [question]
 * @property {string} due "2026-12-31", or empty
 * @property {number} noted_at_ms
 * @property {boolean} kept
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
 * @property {{id: string, name: string, kind: "hall" | "district", present: boolean, screen: Sharing}[]} sites
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

/** What the chair sees. @typedef {DeskView & {absent: Absent[]}} ChairView */

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
 * @property {boolean} corrected
 * @property {string} reason
 */

/** @typedef {{id: string, kind: "note" | "decision", text: string, item?: string, at_ms: number}} Note */

/** @typedef {{id: string, text: string, at_ms: number, public?: boolean}} Caption */

/** A line of chat; without `site` to all.
 * @typedef {{id: string, site?: string, from_site: boolean, author: string, text: string, at_ms: number}} Message */

/** What the clerk sees.
 * @typedef {DeskView & {turns: Spoken[], notes: Note[], captions: Caption[]}} ClerkView */

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
 * @property {Site[]} sites
 * @property {Scene} program
 * @property {Scene} preview
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
 */

/**
 * What the public sees.
 * @typedef {object} PublicView
 * @property {Session} session
 * @property {AgendaItem[]} agenda
 * @property {Floor} [floor]
 * @property {number} viewers
 * @property {Caption} [caption]
 */

/** @typedef {Omit<DeskView, "sites" | "outputs"> & PanelView} OperatorView */

/** @typedef {OperatorView | ChairView | ClerkView | DisplayView | SiteView | PublicView} View */

/** @typedef {{type: string, [field: string]: unknown}} Command */

/**
 * What a site is asked to send.
 * @typedef {object} QualityWish
 * @property {"camera" | "screen"} [source]
 * @property {"standby" | "preview" | "on_air"} level
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {number} max_bitrate_bps
 */

/**
 * What a site's page tells of itself.
 * @typedef {object} SiteReport
 * @property {number} [rtt_ms]
 * @property {number} [sent_bps]
 * @property {Device} camera
 * @property {Device} microphone
 * @property {number} [lost_packets]
 * @property {LineTested} [line_test] of before it joined
 * @property {SelfTested} [self_test]
 */

/**
 * What a site's page found of its own picture and sound.
 * @typedef {object} SelfTested
 * @property {"ok" | "dark" | "still" | "none"} picture
 * @property {"ok" | "silent" | "none"} sound
 * @property {"heard" | "not_heard" | "unknown"} speaker
 * @property {"ok" | "heard" | "unknown"} echo
 * @property {number} [asked_at_ms] which wish of the control room it answers
 */

/**
 * What a test of the line found. `udp`: whether the hearing's own port was reached.
 * @typedef {object} LineTest
 * @property {boolean} udp
 * @property {number} [rtt_ms]
 * @property {number} [loss_up_percent]
 * @property {number} [loss_down_percent]
 * @property {number} down_bps
 * @property {number} up_bps
 */

/** @typedef {LineTest & {verdict: "good" | "fair" | "poor" | "none", age_s: number}} LineTested */

/**
 * The settings that the server puts into a page (`#config`).
 * @typedef {object} Config
 * @property {string} page
 * @property {"vi" | "en"} language
 * @property {string | null} session
 * @property {boolean} turn whether there are TURN servers
 * @property {string | null} session_title
 * @property {string} [site_name] of the page of a site
 * @property {string | null} site
 * @property {boolean} [has_camera] of the page of a site: the server fetches its picture and sound elsewhere
 * @property {Role} role the strongest of `roles`
 * @property {Role[]} roles
 * @property {string} name of who is signed in, or empty
 * @property {string} seat this browser, where it is signed in
 * @property {boolean} account whether with a password, not a link
 * @property {boolean} admin whether they may manage accounts
 * @property {boolean} may_audit whether they may read the whole audit
 * @property {boolean} [may_create] whether the reader may make sessions
 * @property {string} [next] where to go after signing in
 * @property {string} [code] of an error
 * @property {string} [message] of an error
 */

export {};
