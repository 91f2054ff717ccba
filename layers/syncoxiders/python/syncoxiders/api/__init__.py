"""The HTTP API of a deployment: what is said in it, and the client that speaks it."""
