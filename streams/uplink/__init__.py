"""What sites send: packets → frames, and the feedback that keeps them coming."""
