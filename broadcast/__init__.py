"""What is on air and why, how it is made, and what is kept of it.

session      The pure core: commands → events → state
Between      director (session state → program state), program (what is on air, as data), layout
             (where it lies in the picture), interpreters
studio       The process that makes picture and sound of it
outputs      What becomes of its packets: recordings, stations
overlay      Drawn graphics: views (state → fields), contents, theme (templates, colours), fit and
             breaks (text into its place), fonts, render, planes, ticking (the clock), preview
archive      What was recorded: chapters, minutes, search, film, walls (when it was), verify, mend,
             retire
witness      Who looks at what is really there: main, watch (one recording), reader, memory, served
Kept         store (events, audit, accounts), database, tables (and upgrades), audit (its chain)
"""
