"""Small HTTP servers that behave as the providers' APIs do.

Each serves on 127.0.0.1 with its state in memory.
``python -m tests.emulators drive|dropbox|onedrive`` serves one.
"""
