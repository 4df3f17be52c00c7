"""Making a session ready: creating it, its lists, its papers, and the sheets for the sites.

`rooms` hands the routes to the application.

To begin     beginnings (a new session), templates (kept sessions, to begin from)
Lists        imports (the address), tables (Excel, CSV, pasted), headings (which column is which),
             lists (rows, and what is wrong in them)
Papers       documents (PDF files), document_pages (as pictures), trash (for a month)

The sheets are `web.links`, and the pages `web.pages`.
"""
