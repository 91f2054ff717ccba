"""Use cases: observe, plan, apply, recover."""
