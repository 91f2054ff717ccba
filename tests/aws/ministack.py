"""The emulator, as tests name it; it is :mod:`infra.local.emulator`."""

from infra.local.emulator import Ministack

__all__ = ["Ministack"]
