"""A hearing without people: drawn rooms that speak, join over WebRTC and ask for the floor."""
