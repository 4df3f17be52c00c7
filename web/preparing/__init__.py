"""Making a session ready: creating it, its lists, its papers, and the sheets for the sites."""
