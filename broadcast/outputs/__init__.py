"""What becomes of packets beside the relay: recordings that are live HLS too, and stations.

All           output (what each says), backlog (its queue), disk (for good), ffmpeg
A recording   segments, renditions (sizes, sound, languages), recorder, parts, fmp4, playlist, edge
              (low latency), captions, recovery (after a crash), shelf (where), vault (sealed)
Its proof     manifest, ledger
Sites' own    sites, sitefile
Stations      pushes (all), push
"""
