"""The emulator, as tests name it; it is :mod:`local.emulator`."""

from local.emulator import Ministack

__all__ = ["Ministack"]
