"""The second process: encoded frames in, the program's packets out. No network peer, no session.

The process   main (owns every thread), link (to the relay), onair (what is in force), clock,
              watchdog
What comes    sources (all), picturetrack, soundtrack, jitter, playout (when), opus, senses (black,
              frozen, silent), cameras (RTSP, SRT, RTMP), received (from one of them)
Media player  player, shows (one clip), reels (films), hdr, slides, paper (PDF), playersource;
              measuring, measured (whether a file plays, how loud)
Picture       frameclock, composer, canvas, colours, fields, overlays, graphics, signing, stills
Sound         sound, voices (one feed), mixer, loudness, noise, voice, talkback, interpreting,
              publicsound, pairs, recorded
What goes     encoding (the thread), encoders, deliveries (to `broadcast.outputs`)
"""
