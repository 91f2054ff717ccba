"""State of the deployed system upon tables of items."""
