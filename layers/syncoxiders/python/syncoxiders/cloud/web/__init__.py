"""The HTTP API of a deployment: who asks, what is asked, and how it is answered."""
