"""A hearing without people: drawn rooms that speak, join over WebRTC and ask for the floor.

main (the server, the sites, the links), scenario (who and where), orders (what a site's process is
told); a site: site (joins, publishes), camera (its tracks), room (picture), voice (sound), crowd
(its delegates); auto (directs by itself)
"""
