"""HTTP, WebSocket, pages, command line: all that a person or a program asks the server. Decides
no rule: the session's core does (`broadcast.session`), and `streams` carries the media.

`app` is the relay and owns every task; `application` puts the routes together. The rooms, from the
machine inwards:

Starting     cli, administering, setup, check, service; serving, supervisor, forking, ports; demo/
The border   listener, connections, certificate, border (language, errors, headers, origin),
             errors, bodies, replies; throttle, limits (how often); addresses, agents
Who asks     auth (tokens, cookie, roles), asking (of each request), sign_in, accounts,
             account_changes, own_account, all_accounts, second_factor; doorkeeper (who may send
             and watch), inside (who may stay)
Who did what auditor, audit_reader, audit_names, audit_proof
A session    sessions (all), desk (one, as it runs), floor (its log), commands, control,
             control_routes; summaries; machine_clock
On air       on_air, studio_link, statuses (what is said there), outside (what is true), alarms,
             quality; whip, turn, lines, history, line_book, line_test; pushes, radio, shelf,
             measuring, graphics
Open pages   live (the WebSocket), hub, client, patches; what each sees: views, agenda, speaking,
             following, screens, sharing, tiles, written
To watch     media, live_edge, captions, chapters, films, sealed, archive, archive_index; export,
             proof, recording_seals, mend, replay, replay_proof, backup, retire, retiring
On paper     minutes, minutes_paper, minutes_docx, line_report, line_reports, line_paper,
             record_files, links; preparing/ (before a session)
The pages    pages, build, assets, catalogues, times; templates/, static/ (`parts/` by page), texts/
Programs     api, openapi, metrics
Apart        children, aside: work that would keep sound and pictures waiting
"""
