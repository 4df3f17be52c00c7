"""The pure core: commands → events → state. No I/O, no clock, no randomness.

Words        model (the session as data), written, rehearsal (what is tried); text, vietnamese
From files   procedure (limits and rounds), preset (a council)
Asked        commands (all of them), decide; rules/, a file for each matter: phases, agenda,
             requests, turns, floor, chair, picture, screens, booths, player, content, importing,
             documents, roll, rehearsal, writing, promises, chat, secrecy; what they share:
             registry, command, lookup
Happened     events, and chair_events, closing_events, content_events, screen_events,
             written_events; what all have in common: happened
Followed     evolve, and evolve_floor (queue too), evolve_picture (sound, overlays), evolve_chair,
             evolve_closing, evolve_content, evolve_screens, evolve_written; applying (which is
             whose), undoing, one_clock (where it was set)
Made of it   order (who comes next), forecast, corrections, record, table (docs/commands.md)
"""
